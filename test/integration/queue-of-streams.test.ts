import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/stores'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { doorNames, type House, type HouseOptions } from '../support/house.js'
import { answerWhole, beginStream, endOfChat, openBefore, startTakenGateway, type TakenGateway } from '../support/taken-gateway.js'

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

const limitedTo = (streams: number, each: 'team' | 'user' = 'team'): NonNullable<HouseOptions['config']> => ({
  limits: { rules: [{ each, streams }] },
})
const begin = (house: House, options: Parameters<House['chat']>[0] = {}): Promise<Response> =>
  house.chat({ ...options, body: { stream: true, ...options.body } })

/** Answers the next call and leaves its stream open. */
async function take(gateway: TakenGateway): Promise<ServerResponse> {
  const response = await gateway.next()
  beginStream(response, 'a')
  return response
}

/** Waits until so many calls are under way in a house. */
const underWay = (house: House, count: number): Promise<void> => vi.waitFor(() => expect(house.runtime.underWay.count).toBe(count))

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { error: { code: string } }).error.code

describe.each(doorNames)('a stream beyond the cap, behind the %s door,', (door) => {
  test('waits for one that ends, and its wait is no overhead', async () => {
    const { gateway, house } = await openAll({ door, config: limitedTo(1) })
    const running = begin(house)
    const first = await take(gateway)
    const waiting = begin(house)
    await underWay(house, 2)
    const began = performance.now()
    // What is sent after the waiting call, and answered, shows that the waiting call was not sent.
    const other = house.chat()
    answerWhole(await gateway.next())
    expect((await other).status).toBe(200)
    expect(gateway.seen).toHaveLength(2)
    const waitedMs = performance.now() - began
    first.end(endOfChat)
    await (await running).text()
    ;(await take(gateway)).end(endOfChat)
    expect((await waiting).status).toBe(200)
    await (await waiting).text()
    const id = (await waiting).headers.get('x-request-id')
    const entry = await house.ledger.entry(({ request_id }) => request_id === id)
    expect(entry.duration_ms - (entry.overhead_ms as number)).toBeGreaterThan(waitedMs)
  })

  test('is refused after two seconds', async () => {
    const { gateway, house } = await openAll({ door, config: limitedTo(1) })
    const running = begin(house)
    const first = await take(gateway)
    const refused = await begin(house)
    expect([refused.status, refused.headers.get('retry-after'), await codeOf(refused)]).toEqual([429, '1', 'too_many_streams'])
    const entry = await house.ledger.entry(({ code }) => code === 'too_many_streams')
    expect(entry.duration_ms).toBeGreaterThanOrEqual(1950)
    first.end(endOfChat)
    await (await running).text()
  })

  test('is refused at once while twice the cap wait', async () => {
    const { gateway, house } = await openAll({ door, config: limitedTo(2) })
    const running = [begin(house), begin(house)]
    const responses = [await take(gateway), await take(gateway)]
    const waiting = Array.from({ length: 4 }, () => begin(house))
    await underWay(house, 6)
    const refused = await begin(house)
    expect(await codeOf(refused)).toBe('too_many_streams')
    expect(house.ledger.entries[0]?.duration_ms).toBeLessThan(2000)
    for (let ended = 0; ended < 6; ended += 1) {
      responses.shift()?.end(endOfChat)
      if (ended < 4) responses.push(await take(gateway))
    }
    for (const answer of await Promise.all([...running, ...waiting])) {
      expect(answer.status).toBe(200)
      await answer.text()
    }
  })

  test('keeps its place in the order of its caller, and callers take turns', async () => {
    const { gateway, house } = await openAll({ door, config: limitedTo(3) })
    const running = [begin(house), begin(house), begin(house)]
    const responses = [await take(gateway), await take(gateway), await take(gateway)]
    const mint = async (user: string): Promise<string> => (await house.minter.mint({ user, team: 'acme' })).token
    const [ada, bob] = [await mint('ada'), await mint('bob')]
    const waiting: Promise<Response>[] = []
    for (const [credential, prompt] of [
      [ada, 'ada 1'],
      [ada, 'ada 2'],
      [ada, 'ada 3'],
      [bob, 'bob 1'],
      [bob, 'bob 2'],
    ] as const) {
      waiting.push(begin(house, { credential, prompt }))
      await underWay(house, 3 + waiting.length)
    }
    for (let turn = 0; turn < 5; turn += 1) {
      responses.shift()?.end(endOfChat)
      responses.push(await take(gateway))
    }
    for (const response of responses) response.end(endOfChat)
    await Promise.all([...running, ...waiting].map(async (answer) => (await answer).text()))
    const order = gateway.bodies.slice(3).map((body) => (JSON.parse(body) as { messages: { content: string }[] }).messages[0]?.content)
    expect(order).toEqual(['ada 1', 'bob 1', 'ada 2', 'bob 2', 'ada 3'])
  })

  test('leaves the queue with its client', async () => {
    const { gateway, house } = await openAll({ door, config: limitedTo(1) })
    const running = begin(house)
    const first = await take(gateway)
    const leaving = new AbortController()
    const left = begin(house, { signal: leaving.signal, prompt: 'left' })
    await underWay(house, 2)
    const staying = begin(house, { prompt: 'stays' })
    await underWay(house, 3)
    leaving.abort()
    await expect(left).rejects.toThrow()
    expect(await house.ledger.entry(() => true)).toMatchObject({ finish: 'client_closed', status: 499, attempt: 0 })
    first.end(endOfChat)
    ;(await take(gateway)).end(endOfChat)
    await Promise.all([running, staying].map(async (answer) => (await answer).text()))
    expect(gateway.bodies.map((body) => body.includes('left'))).toEqual([false, false])
  })

  test('takes the place of a call of a caller who has more of them waiting', async () => {
    const { gateway, house } = await openAll({ door, config: limitedTo(1) })
    const running = begin(house)
    const first = await take(gateway)
    const mint = async (user: string): Promise<string> => (await house.minter.mint({ user, team: 'acme' })).token
    const [ada, bob] = [await mint('ada'), await mint('bob')]
    const one = begin(house, { credential: ada })
    await underWay(house, 2)
    const two = begin(house, { credential: ada })
    await underWay(house, 3)
    const other = begin(house, { credential: bob })
    expect(await codeOf(await two)).toBe('too_many_streams')
    first.end(endOfChat)
    ;(await take(gateway)).end(endOfChat)
    ;(await take(gateway)).end(endOfChat)
    await Promise.all([running, one, other].map(async (answer) => (await answer).text()))
  })
})

test('a stream waits for one that ends in another process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-queue-'))
  try {
    const sqlite = join(folder, `${randomUUID()}.db`)
    const gateway = await startTakenGateway()
    open.push(gateway)
    const houses: House[] = []
    for (let index = 0; index < 2; index += 1) {
      const house = await openBefore(gateway, { store: openStore({ sqlite }), config: limitedTo(1) })
      open.push(house)
      houses.push(house)
    }
    const [one, other] = houses as [House, House]
    const running = begin(one)
    const first = await take(gateway)
    const waiting = begin(other)
    await underWay(other, 1)
    first.end(endOfChat)
    await (await running).text()
    ;(await take(gateway)).end(endOfChat)
    expect((await waiting).status).toBe(200)
    await (await waiting).text()
  } finally {
    for (const each of open.splice(0).toReversed()) await each.close()
    rmSync(folder, { recursive: true })
  }
})
