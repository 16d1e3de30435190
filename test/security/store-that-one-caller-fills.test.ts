import { createMemoryStore, entryOwnerOf, type MemoryBounds, type Principal, StoreFull } from '@postern/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { doorNames, type House, type HouseOptions, openHouse } from '../support/house.js'
import { createProver } from '../support/prover.js'

/** Small enough to be filled by a test, and large enough that a caller with a few entries has room beside one with many. */
const most = 200
const small: MemoryBounds = { entries: most, locks: most, counts: most, reservations: most, revocations: most }

const minute = 60_000
const opened: House[] = []
afterEach(async () => {
  for (const house of opened.splice(0)) await house.close()
})

async function openSmall({ config, ...options }: HouseOptions = {}): Promise<House> {
  const listen = { trustedProxies: ['127.0.0.1', '::1'] }
  const house = await openHouse({ ...options, store: createMemoryStore(small), config: { listen, ...config } })
  opened.push(house)
  return house
}

type Asking = NonNullable<Parameters<House['chat']>[0]>

/** Makes calls one after the other, each from `next`, until one is refused, or there were as many as the store holds of all callers. */
async function callUntilRefused(house: House, next: (index: number) => Promise<Asking> | Asking): Promise<number> {
  for (let index = 0; index <= most; index += 1) {
    const answer = await house.chat(await next(index))
    const { error } = (await answer.json()) as { error?: { code: string } }
    if (answer.status === 200) continue
    expect([answer.status, error?.code]).toEqual([503, 'store_unavailable'])
    expect(answer.headers.get('retry-after')).toBe('1')
    return index
  }
  return Infinity
}

const keyed = (key: string, more: Asking = {}): Asking => ({ ...more, headers: { 'idempotency-key': key, ...more.headers } })
const inWorkflow = (name: string, more: Asking = {}): Asking => ({ ...more, headers: { 'x-workflow-id': name, ...more.headers } })
const from = (address: number): Asking => ({ credential: null, headers: { 'x-forwarded-for': `198.51.${address >> 8}.${address & 255}` } })
const sessionOf = async ({ minter }: House, claims: Parameters<House['minter']['mint']>[0]): Promise<Asking> => ({
  credential: (await minter.mint(claims)).token,
})

/** Callers of other users, teams and kinds than `acme`. */
async function othersOf(house: House): Promise<Readonly<Record<string, Asking>>> {
  return {
    'another team': { credential: house.callers.globex },
    'a user of another team': await sessionOf(house, { user: 'u_1', team: 'globex' }),
    'another user of the same team': await sessionOf(house, { user: 'u_2', team: 'acme' }),
    'a session of no user of another team': await sessionOf(house, { team: 'globex' }),
  }
}

/** Makes a few calls of each of these callers. */
async function expectServed(
  house: House,
  callers: Readonly<Record<string, Asking>>,
  as: (name: string, caller: Asking) => Asking,
): Promise<void> {
  for (const [who, caller] of Object.entries(callers))
    for (const turn of [1, 2, 3]) {
      const answer = await house.chat(as(`${who.replaceAll(' ', '-')}-${turn}`, caller))
      expect([who, answer.status, await answer.text()]).toEqual([who, 200, expect.stringContaining('choices')])
    }
}

describe.each(doorNames)('a memory store that one caller fills, behind the %s door,', (door) => {
  test('with keyed calls refuses that caller’s further ones, and nobody else’s', async () => {
    const house = await openSmall({ door })
    expect(await callUntilRefused(house, (index) => keyed(`key-${index}`))).toBeLessThan(most / 3)
    await expectServed(house, await othersOf(house), keyed)
    // What has run is not forgotten for it, and calls without a key pass.
    const sent = house.emulator.seen.length
    expect((await house.chat(keyed('key-0'))).status).toBe(200)
    expect(house.emulator.seen).toHaveLength(sent)
    expect((await house.chat()).status).toBe(200)
  })

  test('with names of workflows refuses that caller’s further ones, under this rule and every other', async () => {
    const rules = [
      { each: 'workflow', requests: 40 },
      { each: 'user', per: 'minute', requests: 10_000 },
    ] as const
    const house = await openSmall({ door, config: { limits: { rules: [...rules] } } })
    expect(await callUntilRefused(house, (index) => inWorkflow(`run-${index}`))).toBeLessThan(most / 3)
    await expectServed(house, await othersOf(house), inWorkflow)
    await expectServed(house, await othersOf(house), (_, caller) => caller)
    // What has a count already goes on.
    expect((await house.chat(inWorkflow('run-0'))).status).toBe(200)
  })

  test('is no way around a limit that lets calls through while the store is away', async () => {
    const house = await openSmall({ door, config: { limits: { rules: [{ each: 'workflow', requests: 40, onUnavailable: 'allow' }] } } })
    expect(await callUntilRefused(house, (index) => inWorkflow(`run-${index}`))).toBeLessThan(most / 3)
  })

  test('keeps nothing of calls that are not sent', async () => {
    const house = await openSmall({ door, config: { limits: { rules: [{ each: 'workflow', requests: 40 }] } } })
    const session = await sessionOf(house, { user: 'u_1', team: 'acme', maxCalls: 1 })
    for (let index = 0; index < 2 * most; index += 1) {
      const answer = await house.chat(inWorkflow(`run-${index}`, session))
      expect(answer.status).toBe(index === 0 ? 200 : 402)
    }
    await expectServed(house, { ...(await othersOf(house)), 'the same caller': { credential: house.callers.acme } }, inWorkflow)
  })

  test.each(['of one user', 'of no user'])('with sessions %s refuses further ones of that caller or tenant', async (whose) => {
    const house = await openSmall({ door, config: { limits: { rules: [{ each: 'session', requests: 40 }] } } })
    const claims = { team: 'acme', ...(whose === 'of one user' ? { user: 'u_1' } : {}) }
    const next = async (index: number): Promise<Asking> => keyed(`key-${index}`, await sessionOf(house, claims))
    expect(await callUntilRefused(house, next)).toBeLessThanOrEqual(most / 2)
    const { 'another user of the same team': colleague, ...others } = await othersOf(house)
    await expectServed(house, whose === 'of one user' ? { ...others, colleague: colleague as Asking } : others, keyed)
  })

  test('with proofs refuses that caller’s further ones, and nobody else’s', async () => {
    const house = await openSmall({ door })
    const provenAs = async (user: string): Promise<() => Promise<Asking>> => {
      const { jkt, prove } = await createProver()
      const { token } = await house.minter.mint({ user, team: 'acme', jkt })
      return async () => {
        const dpop = await prove('POST', `${house.baseURL}/chat/completions`, token)
        return { credential: null, headers: { authorization: `DPoP ${token}`, dpop } }
      }
    }
    expect(await callUntilRefused(house, await provenAs('u_1'))).toBeLessThan(most / 3)
    const other = await provenAs('u_2')
    for (const _ of [1, 2, 3]) expect((await house.chat(await other())).status).toBe(200)
  })

  test.each([
    ['counts of sessions', async (house: House) => sessionOf(house, { user: 'u_9', team: 'acme', maxCalls: 5 }), most / 3],
    ['counts of many networks without a credential', (_: House, index: number) => from(index), most / 2],
  ])('with %s refuses further ones of that kind, and nobody else’s', async (_, next, bound) => {
    const house = await openSmall({ door, callers: { anonymous: { team: 'acme', limit: 1000 } } })
    expect(await callUntilRefused(house, (index) => next(house, index))).toBeLessThanOrEqual(bound)
    for (const claims of [{ user: 'u_1', team: 'acme' }, { user: 'u_1', team: 'globex' }, { team: 'globex' }]) {
      const session = await sessionOf(house, { ...claims, maxCalls: 3 })
      for (const _turn of [1, 2, 3]) expect((await house.chat(session)).status).toBe(200)
    }
  })

  test('with sessions that it ends keeps neither others nor the operator from ending one', async () => {
    const house = await openSmall({ door })
    const end = async (user: string): Promise<number> => {
      const { credential } = await sessionOf(house, { user, team: 'acme' })
      const url = house.baseURL.replace(/\/v1$/, '/session')
      return (await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${credential as string}` } })).status
    }
    let ended = 0
    while (ended < most && (await end('u_1')) === 204) ended += 1
    expect(ended).toBeLessThan(most / 3)
    expect(await end('u_2')).toBe(204)
    for (let index = 0; index < most / 2; index += 1) await house.runtime.revocations.revoke('user', `u_${index}`)
  })
})

/** A caller of a kind, and how many of the entries it has in all. */
const ofUser = (user: string, team = 'acme'): Principal => ({ user, team, via: 'service', caller: user, delegate: false })
const ofNoUser = (index: number): Principal => ({ team: 'acme', via: 'session', caller: `s${index}`, delegate: false })
const ofNobody = (index: number): Principal => ({ via: 'anonymous', caller: 'anonymous', holder: `n${index}`, delegate: false })

/** The callers of one attacker, and the part of the room that they may take. */
const attackers: readonly (readonly [who: string, caller: (index: number) => Principal, part: number])[] = [
  ['one caller', () => ofUser('mallory'), 1 / 4],
  ['two callers in turn', (index) => ofUser(`mallory-${index % 2}`), 3 / 8],
  ['callers of one team without a user', ofNoUser, 1 / 2],
  ['callers of one team with invented users', (index) => ofUser(`mallory-${index}`), 1 / 2],
  ['callers without a credential, of many networks', ofNobody, 1 / 2],
]

describe.each(attackers)('what a memory store keeps for %s', (_, caller, part) => {
  const room = 4000
  const openRoomy = () => createMemoryStore({ entries: room, locks: room, counts: room, reservations: room })

  /** Adds entries until one is refused. */
  async function fill(add: (index: number, owner: ReturnType<typeof entryOwnerOf>) => Promise<unknown>): Promise<number> {
    for (let index = 0; index <= room; index += 1)
      try {
        await add(index, entryOwnerOf(caller(index)))
      } catch (error) {
        expect(error).toBeInstanceOf(StoreFull)
        return index
      }
    return Infinity
  }

  const victims = [ofUser('victim', 'globex'), ofUser('victim', 'initech')].map(entryOwnerOf)

  test('is a stated part of the locks, of which none is forgotten', async () => {
    const { locks } = openRoomy()
    const until = Date.now() + minute
    expect(await fill((index, owner) => locks.take(`k${index}`, 'first', until, owner))).toBeLessThanOrEqual(room * part)
    for (const [turn, victim] of victims.entries())
      for (let index = 0; index < 100; index += 1) expect(await locks.take(`v${turn}.${index}`, 'mine', until, victim)).toBe('mine')
    for (const index of [0, 1, 100]) expect(await locks.take(`k${index}`, 'again', until, entryOwnerOf(caller(index)))).toBe('first')
    // Who has a lock keeps and extends it.
    expect(await locks.take('k0', 'first', until + 1, entryOwnerOf(caller(0)))).toBe('first')
  })

  test('is a stated part of the counts, of which none is forgotten that has something booked', async () => {
    const { budgets } = openRoomy()
    const claim = (id: string) => [{ budget: { id, limit: 1, forgottenAfterMs: minute }, amount: 1 }]
    const spend = async (id: string, owner: ReturnType<typeof entryOwnerOf>): Promise<boolean> => {
      const { granted } = await budgets.reserve(`r ${id}`, claim(id), minute, owner)
      if (granted) await budgets.settle(`r ${id}`, [1])
      return granted
    }
    expect(await fill((index, owner) => spend(`k${index}`, owner))).toBeLessThanOrEqual(room * part)
    for (const [turn, victim] of victims.entries())
      for (let index = 0; index < 100; index += 1) expect(await spend(`v${turn}.${index}`, victim)).toBe(true)
    for (const index of [0, 1, 100]) expect(await spend(`k${index}`, entryOwnerOf(caller(index)))).toBe(false)
  })

  test('is nothing for what is neither held nor booked', async () => {
    const { budgets } = openRoomy()
    for (let index = 0; index < 2 * room; index += 1) {
      const claims = ['x', 'y'].map((name) => ({ budget: { id: `${name}${index}`, limit: 1 }, amount: 1 }))
      expect((await budgets.reserve(`r${index}`, claims, minute, entryOwnerOf(caller(index)))).granted).toBe(true)
      await budgets.settle(`r${index}`, [0, 0])
    }
  })

  test('is a stated part of the reservations', async () => {
    const { budgets } = openRoomy()
    const reserve = (id: string, owner: ReturnType<typeof entryOwnerOf>) =>
      budgets.reserve(id, [{ budget: { id: 'b', limit: 2 * room }, amount: 1 }], minute, owner)
    expect(await fill((index, owner) => reserve(`r${index}`, owner))).toBeLessThanOrEqual(room * part)
    for (const [turn, victim] of victims.entries())
      for (let index = 0; index < 100; index += 1) expect((await reserve(`v${turn}.${index}`, victim)).granted).toBe(true)
  })

  test('is a stated part of the keys that were seen and counted, together', async () => {
    const { seen, counters } = openRoomy()
    const until = Date.now() + minute
    const add = (key: string, index: number, owner: ReturnType<typeof entryOwnerOf>): Promise<unknown> =>
      index % 2 === 0 ? seen.add(key, until, owner) : counters.add(key, until, owner)
    expect(await fill((index, owner) => add(`k${index}`, index, owner))).toBeLessThanOrEqual(room * part)
    for (const [turn, victim] of victims.entries())
      for (let index = 0; index < 100; index += 1) await add(`v${turn}.${index}`, index, victim)
    expect(await seen.add('k0', until, entryOwnerOf(caller(0)))).toBe(false)
    expect(await counters.add('k1', until, entryOwnerOf(caller(1)))).toBe(2)
  })
})
