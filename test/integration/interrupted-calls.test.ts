import type { ConfigInput } from '@postern/config'
import { createMemoryStore, maxNoteBytes, type Store } from '@postern/ports'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type BillingGateway, startBillingGateway } from '../support/billing-gateway.js'
import { type House, type HouseOptions, openHouse } from '../support/house.js'
import { createMortalStore } from '../support/mortal-store.js'

let offsetMs = 0
const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(open.splice(0).map((each) => each.close()))
})

const prices = { version: '1', prices: [{ model: 'm-*', unit: 'USD', perMillion: { input: 1000, output: 2000 } }] }

interface Place {
  readonly store: Store
  readonly gateway: BillingGateway
  begin(store: Store): Promise<House>
}

/** Processes one after the other, over one store that outlives them. */
async function prepare(limits: ConfigInput['limits']): Promise<Place> {
  offsetMs = 0
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + offsetMs)
  const gateway = await startBillingGateway()
  open.push(gateway)
  const memory = createMemoryStore()
  const store: Store = { ...memory, budgets: { ...memory.budgets, scope: 'shared' } }
  const config: HouseOptions['config'] = { gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } }, limits }
  return {
    store,
    gateway,
    async begin(of) {
      const house = await openHouse({ config, store: of })
      open.push(house)
      return house
    },
  }
}

/** A call that its gateway never answers, and a process that dies meanwhile. */
async function dieUnder({ store, gateway, begin }: Place, path = 'chat/completions'): Promise<House> {
  const mortal = createMortalStore(store)
  const house = await begin(mortal.store)
  const leaving = new AbortController()
  const called = fetch(`${house.baseURL}/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${house.callers.acme}`,
      'content-type': 'application/json',
      'x-workflow-id': 'run-7',
      'x-step-id': 'plan',
      'x-parent-step-id': 'begin',
      'x-request-id': 'mine-1',
    },
    body: JSON.stringify({
      model: 'm-1',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'a question of somebody' }],
      metadata: { ending: 'hangs' },
    }),
    signal: leaving.signal,
  }).catch(() => {})
  await expect.poll(() => gateway.bill.length).toBe(1)
  mortal.die()
  leaving.abort()
  await called
  return house
}

function aMinuteLater(): void {
  offsetMs += 61_000
}

describe('a call whose process dies', () => {
  test('is in the ledger of the next process as interrupted, with who made it and what was set aside for it, and nothing that it said', async () => {
    const place = await prepare({
      prices,
      rules: [
        { each: 'team', tokens: 10_000 },
        { each: 'team', spend: '5 USD' },
      ],
    })
    const first = await dieUnder(place)
    aMinuteLater()
    const second = await place.begin(place.store)
    const entry = await second.ledger.entry(({ finish }) => finish === 'interrupted')
    const [counted] = await place.store.budgets.look([{ id: idOf(second, 'tokens'), limit: 10_000 }])
    expect(entry).toMatchObject({
      attempt: 1,
      workflow: 'run-7',
      step: 'plan',
      parent_step: 'begin',
      gateway: 'main',
      key: 'acme',
      binding: 'team=acme',
      via: 'service',
      caller: 'acme',
      user: 'svc-acme',
      team: 'acme',
      method: 'POST',
      path: '/v1/chat/completions',
      status: 0,
      model_requested: 'm-1',
      booked: 'assumed',
      client_request_id: 'mine-1',
    })
    const { input = 0, output = 0, cost } = entry.estimated ?? {}
    expect([counted?.held, counted?.booked, output]).toEqual([0, input + output, 50])
    expect(cost).toEqual({ amount: (input * 1000 + output * 2000) / 1_000_000, unit: 'USD' })
    const own = await first.ledger.entry(({ workflow }) => workflow === 'run-7')
    expect([entry.request_id, entry.time, entry.trace_id]).toEqual([own.request_id, own.time, own.trace_id])
    const text = JSON.stringify(entry)
    for (const word of ['a question of somebody', ...first.secrets]) expect(text).not.toContain(word)
    expect(await place.store.budgets.takeNotes(10, 0)).toEqual([])
  })

  test('is there without an estimate if no limit is of tokens or money', async () => {
    const place = await prepare({ rules: [{ name: 'every-call', per: 'day', requests: 1_000_000_000 }] })
    await dieUnder(place)
    aMinuteLater()
    const { ledger } = await place.begin(place.store)
    const entry = await ledger.entry(({ finish }) => finish === 'interrupted')
    expect([entry.booked, entry.estimated, entry.user]).toEqual([undefined, undefined, 'svc-acme'])
  })

  test('has a note within its bound, however long its path is', async () => {
    const place = await prepare({ rules: [{ each: 'team', requests: 10 }] })
    const notes: string[] = []
    const { reserve } = place.store.budgets
    const budgets: Store['budgets'] = {
      ...place.store.budgets,
      reserve: (id, claims, leaseMs, owner, note) => (notes.push(note ?? ''), reserve(id, claims, leaseMs, owner, note)),
    }
    await dieUnder({ ...place, store: { ...place.store, budgets } }, `chat/completions?x=${'y'.repeat(5000)}`)
    expect(notes.map((note) => JSON.parse(note) as object)).toMatchObject([{ path: '/v1/chat/completions' }])
    for (const note of notes) expect(Buffer.byteLength(note)).toBeLessThan(maxNoteBytes)
  })
})

/** The id under which the store counts a limit of the caller `acme`. */
function idOf({ runtime }: House, unit: string): string {
  const found = runtime.findLimits({
    principal: { user: 'svc-acme', team: 'acme', via: 'service', caller: 'acme', delegate: false },
    key: 'acme',
    gateway: 'main',
    models: ['m-1'],
    workflow: undefined,
    isStream: false,
  })
  return found.find(({ rule }) => rule.unit === unit)?.claim.budget.id ?? ''
}
