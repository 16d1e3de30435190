import { createServer } from 'node:http'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { createRevocations } from '@postern/identity'
import { createNodeDoor, guardServer, refuseAtDoor } from '@postern/instance'
import { createMemoryStore, cutAtShutdown, type Principal, Refusal, revocationOf } from '@postern/ports'
import { OpenSessionCall } from '../../packages/identity/src/open-session-call.js'
import { Waits } from '../../packages/instance/src/waits.js'
import { openInstance } from '@postern/express'
import { parseGovernance } from '@postern/protocol'
import { createSessionMinter } from '@postern/server'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { OpenList } from '../../packages/core/src/lib/open-list.js'
import { type HoldingGateway, startHoldingGateway } from '../support/holding-gateway.js'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { createMemoryLedger } from '../support/memory-ledger.js'
import { createProver } from '../support/prover.js'
import { timed } from '../support/stopwatch.js'

let gateway: HoldingGateway
const closing: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  gateway = await startHoldingGateway()
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await gateway.close()
})

/** Something that a test waits for. */
function createSignal(): { readonly sent: Promise<void>; readonly send: () => void } {
  let send = (): void => {}
  const sent = new Promise<void>((resolve) => (send = resolve))
  return { sent, send }
}

const secret = 'a session secret of more than 32 characters'

/** What arrived of a body until its end or its break. */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) text += decoder.decode(piece, { stream: true })
  } catch {
    // It was cut.
  }
  return text
}

async function open(options: Parameters<typeof openHouse>[0]): Promise<House> {
  const house = await openHouse({
    baseURL: gateway.baseURL,
    sessionSecret: secret,
    ...options,
    settings: { dialect: 'openai', attempts: 1, ...options?.settings },
  })
  closing.push(() => house.close())
  return house
}

describe('a call that runs under an earlier configuration', () => {
  async function openReplaceable() {
    const config = (models: readonly string[]): ConfigInput => ({
      version: 1,
      gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } } },
      policies: { models: [...models] },
    })
    const check = (models: readonly string[]) => {
      const { checked, problems } = checkConfig(config(models), { env: { KEY: 'sk_a_key', SESSION: secret }, directory: process.cwd() })
      if (checked === undefined) throw new ConfigError(problems)
      return checked
    }
    const ledger = createMemoryLedger()
    const instance = openInstance(check(['stream']), { ledger })
    const door = createNodeDoor(instance, (request, response) => refuseAtDoor(instance, request, response, new Refusal('not_found')))
    const server = guardServer(createServer({ requireHostHeader: false }, door), instance)
    const origin = await listenAnywhere(server)
    closing.push(async () => {
      server.closeAllConnections()
      server.close()
      await instance.close()
    })
    return { instance, ledger, origin, replace: (models: readonly string[]) => instance.replace(check(models)) }
  }

  test('ends when its session is revoked after two reloads, and another one does not', async () => {
    const { ledger, origin, replace } = await openReplaceable()
    const minter = createSessionMinter({ secret })
    const [ada, bob] = await Promise.all(['ada', 'bob'].map((user) => minter.mint({ user, team: 'acme' })))
    const call = (token = ''): Promise<Response> =>
      fetch(`${origin}/ai/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'stream', messages: [], stream: true }),
      })
    const [ofAda, ofBob] = [await call(ada?.token), await call(bob?.token)]
    replace(['stream', 'other'])
    replace(['stream', 'third'])
    const ended = textOf(ofAda)
    const answer = await fetch(`${origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${ada?.token}` } })
    expect(answer.status).toBe(204)
    const { result, ms } = await timed(ended)
    expect(result).toMatch(/"code":"caller_revoked"[^]*"finish":"cut_revoked"/)
    expect(ms).toBeLessThan(1000)
    gateway.finish()
    expect(await textOf(ofBob)).toMatch(/"finish":"complete"[^]*\[DONE\]/)
    expect(ledger.entries.filter(({ path }) => path !== '/session').map(({ finish }) => finish)).toEqual(['cut_revoked', 'complete'])
  })
})

describe('a call that is not at the gateway yet', () => {
  test('ends while it waits for its turn, and the turn does not come', async () => {
    const house = await open({ settings: { addressLimit: { burst: 1, perMinute: 60 } } })
    const [ada = '', bob = '', eve = ''] = await Promise.all(
      ['ada', 'bob', 'eve'].map(async (user) => (await house.minter.mint({ user, team: 'acme' })).token),
    )
    const forward = vi.spyOn(house.runtime.rooms, 'forward')
    await house.chat({ credential: ada, body: { model: 'stream', stream: true } })
    const waiting = house.chat({ credential: bob, body: { model: 'json' } })
    await expect.poll(() => forward.mock.calls.length).toBe(2)
    await house.runtime.revocations.revoke('user', 'bob')
    const answer = await waiting
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_revoked'])
    await house.chat({ credential: eve, body: { model: 'sound' } })
    expect(gateway.seen).toEqual(['stream', 'sound'])
  })

  test('ends where its session is revoked between its check and the proof that comes behind it', async () => {
    const memory = createMemoryStore()
    let proved: (() => void) | undefined
    const isAsked = createSignal()
    const store = {
      ...memory,
      seen: {
        ...memory.seen,
        add: (key: string, untilMs: number): Promise<boolean> => {
          isAsked.send()
          return new Promise((resolve) => (proved = () => resolve(memory.seen.add(key, untilMs))))
        },
      },
    }
    const house = await open({ store })
    const prover = await createProver()
    const { token, id } = await house.minter.mint({ user: 'ada', team: 'acme', jkt: prover.jkt })
    const proof = await prover.prove('POST', `${house.baseURL}/chat/completions`, token)
    const asked = house.chat({ credential: null, headers: { authorization: `DPoP ${token}`, dpop: proof }, body: { model: 'silent' } })
    await isAsked.sent
    await house.runtime.revocations.revoke('id', id)
    proved?.()
    const answer = await asked
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_revoked'])
    expect(gateway.seen).toEqual([])
  })

  test('ends while it is counted against the number of calls of its session', async () => {
    const memory = createMemoryStore()
    const isAsked = createSignal()
    const add = (): Promise<number> => {
      isAsked.send()
      return new Promise(() => {})
    }
    const house = await open({ store: { ...memory, counters: { ...memory.counters, add } } })
    const { token, id } = await house.minter.mint({ user: 'ada', team: 'acme', maxCalls: 5 })
    const asked = house.chat({ credential: token, body: { model: 'silent' } })
    await isAsked.sent
    await house.runtime.revocations.revoke('id', id)
    const answer = await asked
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_revoked'])
    expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ finish: 'cut_revoked' })
    expect(await answer.json()).toMatchObject({ error: { message: expect.not.stringContaining('billed') } })
    expect(gateway.seen).toEqual([])
  })
})

const session = (user: string, id: string, issuedAt = Math.floor(Date.now() / 1000)): Principal => ({
  user,
  team: 'acme',
  via: 'session',
  caller: `session:${id}`,
  delegate: false,
  session: { id, issuedAt },
})

describe('a wait that begins once its call was cut', () => {
  const revoked = (): OpenSessionCall => {
    const call = new OpenSessionCall(session('ada', 'a'), new OpenList())
    call.revoke()
    return call
  }
  const ended = (): Waits => {
    const waits = new Waits()
    waits.end(cutAtShutdown)
    return waits
  }
  const cuts = [
    ['by a shutdown', ended, () => undefined, 'draining'],
    ['by a revocation', () => new Waits(), revoked, 'caller_revoked'],
  ] as const

  test.each(cuts)('%s is refused, also where what it waits for is there', async (_, waits, call, code) => {
    await expect(waits().for(Promise.resolve(1), call())).rejects.toMatchObject({ code })
    await expect(waits().for(new Promise(() => {}), call())).rejects.toMatchObject({ code })
  })

  test.each(cuts)('%s keeps the refusal that the call has already', async (_, waits, call) => {
    await expect(waits().for(Promise.reject(new Refusal('gateway_failed')), call())).rejects.toMatchObject({ code: 'gateway_failed' })
  })
})

describe('the calls of sessions that are under way', () => {
  test('are followed for sessions alone', () => {
    const revocations = createRevocations(createMemoryStore().revocations, 1000)
    expect(revocations.follow({ user: 'ada', via: 'jwt', caller: 'ada', delegate: false })).toBeUndefined()
    expect(revocations.follow(session('ada', 'a'))).toBeDefined()
  })

  test('end at once, or where they wait next, and once', () => {
    const call = new OpenSessionCall(session('ada', 'a'), new OpenList())
    const [first, second] = [{ cut: vi.fn() }, { cut: vi.fn() }]
    call.waitsFor(first)
    call.revoke()
    call.revoke()
    call.waitsFor(second)
    expect([first.cut.mock.calls.length, second.cut.mock.calls.length]).toEqual([1, 1])
  })

  test('end by session, user or team, if they were minted before', async () => {
    const revocations = createRevocations(createMemoryStore().revocations, 1000)
    const now = Math.floor(Date.now() / 1000)
    const calls = [session('ada', 'a'), session('ada', 'b'), session('bob', 'c'), session('bob', 'd', now + 60)].map((principal) => {
      const cut = vi.fn()
      revocations.follow(principal)?.waitsFor({ cut })
      return cut
    })
    const ended = (): readonly number[] => calls.map(({ mock }) => mock.calls.length)
    await revocations.revoke('id', 'a')
    expect(ended()).toEqual([1, 0, 0, 0])
    await revocations.revoke('user', 'bob')
    expect(ended()).toEqual([1, 0, 1, 0])
    await revocations.revoke('team', 'acme')
    expect(ended()).toEqual([1, 1, 1, 0])
  })

  test('that cannot be ended leave the others to their end', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const revocations = createRevocations(createMemoryStore().revocations, 1000)
    const cut = vi.fn()
    const broken = (): never => {
      throw new Error('broken')
    }
    revocations.follow(session('ada', 'a'))?.waitsFor({ cut: broken })
    revocations.follow(session('ada', 'b'))?.waitsFor({ cut })
    await revocations.revoke('user', 'ada')
    expect(cut).toHaveBeenCalledTimes(1)
    expect(await warned).toMatchObject({ code: 'POSTERN_REVOKED' })
  })

  test('have the store read at most 400 ms apart, and nobody reads it once they are over', async () => {
    const feed = createMemoryStore().revocations
    const reads = vi.spyOn(feed, 'after')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const revocations = createRevocations(feed, 1000)
      const cut = vi.fn()
      const call = revocations.follow(session('ada', 'a'))
      call?.waitsFor({ cut })
      await vi.advanceTimersByTimeAsync(2000)
      expect(reads).toHaveBeenCalledTimes(5)
      await feed.append(revocationOf('user', 'ada', 1000))
      await vi.advanceTimersByTimeAsync(400)
      expect(cut).toHaveBeenCalledTimes(1)
      call?.over()
      reads.mockClear()
      await vi.advanceTimersByTimeAsync(2000)
      expect(reads).not.toHaveBeenCalled()
      expect(vi.getTimerCount()).toBe(0)
      revocations.follow(session('bob', 'b'))
      await vi.advanceTimersByTimeAsync(400)
      expect(reads).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test('go on while the store cannot be asked, and end when it can be again', async () => {
    const feed = createMemoryStore().revocations
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const revocations = createRevocations(feed, 1000)
      const cut = vi.fn()
      revocations.follow(session('ada', 'a'))?.waitsFor({ cut })
      await feed.append(revocationOf('user', 'ada', 1000))
      const reads = vi.spyOn(feed, 'after').mockRejectedValue(new Error('away'))
      await vi.advanceTimersByTimeAsync(2000)
      expect(cut).not.toHaveBeenCalled()
      reads.mockRestore()
      await vi.advanceTimersByTimeAsync(400)
      expect(cut).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
    }
  })
})
