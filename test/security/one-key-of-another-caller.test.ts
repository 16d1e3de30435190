import { defaultJoinBounds, KeptAnswers } from '@postern/core'
import type { Principal } from '@postern/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { doorNames, type House, type HouseOptions } from '../support/house.js'
import {
  answerWhole,
  beginStream,
  chatUnderKey,
  endOfChat,
  openBefore,
  startTakenGateway,
  type TakenGateway,
} from '../support/taken-gateway.js'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close()
})

async function openAll(options: HouseOptions = {}): Promise<{ readonly gateway: TakenGateway; readonly house: House }> {
  const gateway = await startTakenGateway()
  open.push(gateway)
  const house = await openBefore(gateway, options)
  open.push(house)
  return { gateway, house }
}

type Asking = Parameters<House['chat']>[0]

/** Callers who differ from `acme` of the team acme in one thing each, or in the kind of their credential. */
async function othersOf({ minter, callers }: House): Promise<Readonly<Record<string, Asking>>> {
  const mint = async (claims: Parameters<typeof minter.mint>[0]): Promise<Asking> => ({ credential: (await minter.mint(claims)).token })
  const actFor = (whom: string): Asking => ({ credential: callers.delegate, headers: { 'postern-act-as': whom } })
  return {
    'another team': { credential: callers.globex },
    'a session of the same user and team': await mint({ user: 'svc-acme', team: 'acme' }),
    'a session of another user': await mint({ user: 'u_8', team: 'acme' }),
    'a session of another project': await mint({ user: 'u_8', team: 'acme', project: 'labs' }),
    'a session of no user': await mint({ team: 'acme' }),
    'another session of no user': await mint({ team: 'acme' }),
    'a service that calls for the same user and team': actFor('user=svc-acme, team=acme'),
    'a service that calls for another user': actFor('user=u_8, team=acme'),
  }
}

describe.each(doorNames)('an Idempotency-Key, behind the %s door,', (door) => {
  test('is each caller’s own: nobody else reads the answer, learns that there is one, or is kept from using the same key', async () => {
    const { gateway, house } = await openAll({ door })
    const asking = chatUnderKey(house)
    answerWhole(await gateway.next(), '{"choices":[],"secret":"of acme"}')
    const first = await asking
    const id = first.headers.get('x-request-id') as string
    let sent = 1
    for (const [who, options] of Object.entries(await othersOf(house))) {
      // As they would ask without the other's call: the same words, and others.
      for (const prompt of ['Hello', `Words of ${who}`]) {
        const key = prompt === 'Hello' ? 'key-1' : `key-of-${sent}`
        const theirs = chatUnderKey(house, { ...options, prompt }, key)
        answerWhole(await gateway.next(), '{"choices":[],"of":"another"}')
        const answer = await theirs
        sent += 1
        expect([who, answer.status, await answer.text()]).toEqual([who, 200, '{"choices":[],"of":"another"}'])
        expect(JSON.stringify([...answer.headers])).not.toContain(id)
        expect(gateway.seen).toHaveLength(sent)
      }
    }
    expect(await (await chatUnderKey(house)).text()).toBe(await first.text())
  })

  test('does not let who may not call join what may not be called', async () => {
    const { gateway, house } = await openAll({ door, config: { policies: { rules: [{ user: 'u_9', models: ['small-*'] }] } } })
    const asking = chatUnderKey(house)
    answerWhole(await gateway.next())
    await asking
    const { token } = await house.minter.mint({ user: 'u_9', team: 'acme' })
    expect((await chatUnderKey(house, { credential: token })).status).toBe(403)
    expect((await chatUnderKey(house, { credential: `${house.callers.acme}x` })).status).toBe(401)
    await house.runtime.revocations.revoke('user', 'u_9')
    expect((await chatUnderKey(house, { credential: token })).status).toBe(401)
    expect(gateway.seen).toHaveLength(1)
  })

  test('gives a page no answer that was written for a program, and no origin of another page', async () => {
    const origins = ['https://one.example', 'https://two.example']
    const { gateway, house } = await openAll({ door, config: { browser: { origins, record: 'public' } } })
    const from = (origin?: string): Asking => (origin === undefined ? {} : { headers: { origin } })
    const asking = chatUnderKey(house, from(origins[0]))
    answerWhole(await gateway.next())
    const first = await asking
    const other = await chatUnderKey(house, from(origins[1]))
    expect([first.headers.get('access-control-allow-origin'), other.headers.get('access-control-allow-origin')]).toEqual(origins)
    expect(other.headers.get('postern-governance')).not.toContain('"key"')
    expect((await chatUnderKey(house, from())).status).toBe(409)
    expect(gateway.seen).toHaveLength(1)
  })

  test('lets no client keep more calls going than a bound by leaving them', async () => {
    const { gateway, house } = await openAll({ door, joining: { callerLingering: 2 } })
    const begin = async (key: string) => {
      const leaving = new AbortController()
      const asking = chatUnderKey(house, { body: { stream: true }, signal: leaving.signal }, key)
      const response = await gateway.next()
      const closed = new Promise<void>((left) => response.once('close', left))
      beginStream(response, 'a')
      await (await asking).body?.getReader().read()
      return { response, closed, leave: () => leaving.abort() }
    }
    const calls = [await begin('a'), await begin('b'), await begin('c')]
    for (const { leave } of calls) leave()
    await Promise.race(calls.map(({ closed }) => closed))
    const left = calls.filter(({ response }) => response.destroyed)
    expect(left).toHaveLength(1)
    for (const { response } of calls) if (!response.destroyed) response.end(endOfChat)
    await Promise.all(calls.map(({ closed }) => closed))
  })
})

describe('what is kept of answers', () => {
  const principal = { via: 'service', caller: 'acme', delegate: false } as const satisfies Principal
  const opened: KeptAnswers[] = []
  const keptWithin = (bounds: Partial<typeof defaultJoinBounds>): KeptAnswers => {
    const kept = new KeptAnswers({ ...defaultJoinBounds, ...bounds })
    opened.push(kept)
    return kept
  }
  afterEach(() => opened.splice(0).forEach((kept) => kept.close()))

  /** One call after the other, each of which is over with an answer of this many bytes. */
  const fill = (kept: KeptAnswers, joiner: string, count: number, bytes: number): void => {
    for (let index = 0; index < count; index += 1) {
      const answer = kept.begin(`${joiner} ${index}`, joiner, principal, 'f', 'id')
      answer?.append(Buffer.alloc(bytes))
      answer?.end()
      if (answer?.isWhole === true) kept.keep(answer)
      else if (answer !== undefined) kept.forget(answer)
    }
  }

  test('stays within its bytes, of one caller and of all, however many calls there are', () => {
    const kept = keptWithin({ callerBytes: 100_000, bytes: 250_000 })
    fill(kept, 'one', 1000, 5000)
    expect(kept.held.bytes).toBeLessThanOrEqual(100_000)
    expect(kept.held.bytes).toBeGreaterThan(80_000)
    for (let caller = 0; caller < 50; caller += 1) fill(kept, `caller ${caller}`, 30, 5000)
    expect(kept.held.bytes).toBeLessThanOrEqual(250_000)
    expect(kept.held.bytes).toBeGreaterThan(200_000)
  })

  test('stays within its number of calls, of one caller and of all, also where every answer is empty', () => {
    const kept = keptWithin({ callerCalls: 100, calls: 250 })
    fill(kept, 'one', 1000, 0)
    expect(kept.held.calls).toBe(100)
    for (let caller = 0; caller < 50; caller += 1) fill(kept, `caller ${caller}`, 30, 0)
    expect(kept.held.calls).toBe(250)
  })

  test('counts what many small pieces take in memory besides their bytes', () => {
    const kept = keptWithin({ answerBytes: 1_000_000 })
    const answer = kept.begin('key', 'one', principal, 'f', 'id')
    for (let piece = 0; piece < 100_000; piece += 1) answer?.append(Buffer.from('x'))
    expect(answer?.isWhole).toBe(false)
    expect(kept.held.bytes).toBe(0)
  })

  test('keeps nothing of what was forgotten, nor of callers that are none any more', () => {
    const kept = keptWithin({})
    fill(kept, 'one', 10, 1000)
    kept.retain(({ caller }) => caller !== 'acme')
    expect(kept.held).toEqual({ calls: 0, bytes: 0, lingering: 0 })
    expect(kept.find('one 0')).toBeUndefined()
  })

  test('refuses to begin further calls while all of a caller’s are under way, and begins those of others', () => {
    const kept = keptWithin({ callerCalls: 3 })
    const begin = (joiner: string, key: string) => kept.begin(key, joiner, principal, 'f', 'id')
    for (const key of ['a', 'b', 'c']) expect(begin('one', key)).toBeDefined()
    expect(begin('one', 'd')).toBeUndefined()
    expect(begin('other', 'e')).toBeDefined()
  })
})
