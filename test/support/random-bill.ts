import type { ConfigInput } from '@postern/config'
import { type Store, windowAt } from '@postern/ports'
import { vi } from 'vitest'
import { type BilledCall, type BilledEnding, type BillingGateway, startBillingGateway } from './billing-gateway.js'
import { type House, type HouseOptions, openHouse } from './house.js'
import { createMortalStore } from './mortal-store.js'

type Rule = NonNullable<NonNullable<ConfigInput['limits']>['rules']>[number]

/** What a schedule showed. */
export interface BillOfSchedule {
  /** How many calls the gateway billed, and how many Postern refused. */
  readonly billed: number
  readonly refused: number
  /** The rules whose limit the bill passed by more than the gateway billed beyond what it was allowed. */
  readonly passed: readonly string[]
}

const endings: readonly BilledEnding[] = [
  'whole',
  'whole',
  'whole',
  'cut',
  'error inside',
  'refused',
  'failed',
  'silent',
  'excess',
  'hangs',
]

/** Numbers from a seed, so that a schedule can be played again (xorshift of 32 bits). Below 1. */
export function randomFrom(seed: number): () => number {
  // Odd, since nothing follows a zero, and another one for each seed.
  let state = (seed * 2 + 1) >>> 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

/**
 * How far the clock is set ahead or back at most, by the shortest period of the rules, in milliseconds. From the one to the other it is less
 * than counts are kept: those of a workflow without a period for thirty days.
 */
const mostStepMs = { minute: 1_800_000, hour: 43_200_000, day: 3 * 86_400_000, month: 14 * 86_400_000 } as const

type BilledPeriod = keyof typeof mostStepMs

export interface BillOptions {
  /** Whether the store goes by the clock of this process, which the schedule sets ahead and back. Default: no. */
  readonly hasOurClock?: boolean
}

/**
 * Plays one random schedule: rules of every unit and period, calls that come at once, answers shorter than their ceiling, aborts, errors,
 * streams, callers that repeat what was held, a process that dies between any two steps of its calls while another goes on with its
 * store, and a clock that is set ahead and back. The gateway keeps a bill of its own; the result compares that with the limits.
 */
export async function playBill(seed: number, store: Store, options: BillOptions = {}): Promise<BillOfSchedule> {
  const startMs = Date.now()
  let offsetMs = 0
  // The clock stands still within a burst, so that every call of it lies in one window.
  const clock = options.hasOurClock === true ? vi.spyOn(Date, 'now').mockImplementation(() => startMs + offsetMs) : undefined
  try {
    return await play(seed, store, clock === undefined ? undefined : (setTo) => (offsetMs = setTo))
  } finally {
    clock?.mockRestore()
  }
}

/** @param setClock Sets the clock so far ahead of the time at the beginning; `undefined`: the clock is not ours. */
async function play(seed: number, store: Store, setClock: ((offsetMs: number) => void) | undefined): Promise<BillOfSchedule> {
  const random = randomFrom(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  // Nine decimals; billionths of a dollar for a million tokens.
  const [inputPrice, outputPrice] = [1 + below(5_000_000_000), 1 + below(20_000_000_000)]
  const gateway = await startBillingGateway(random)
  const periods: readonly BilledPeriod[] = setClock === undefined ? ['day', 'month'] : ['minute', 'hour', 'day', 'month']
  const rules: Rule[] = Array.from({ length: 1 + below(4) }, (_, index): Rule => {
    const each = pick(['team', 'user', 'workflow', undefined] as const)
    const shared = {
      name: `r${index}`,
      ...(each === undefined ? {} : { each }),
      ...(each === 'workflow' ? {} : { per: pick(periods) }),
    }
    const unit = pick(['tokens', 'spend', 'spend', 'requests'] as const)
    if (unit === 'tokens') return { ...shared, tokens: 200 + below(12_000) }
    if (unit === 'requests') return { ...shared, requests: 1 + below(20) }
    return { ...shared, spend: `${decimal(1 + below(300_000_000))} USD` }
  })
  const entry = {
    model: 'm*',
    unit: 'USD',
    perMillion: { input: decimal(inputPrice), output: decimal(outputPrice) },
    ...(random() < 0.5 ? { maxOutput: 300 } : {}),
  }
  const settings: HouseOptions = {
    config: {
      gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } },
      limits: { prices: { version: '1', prices: [entry] }, rules },
    },
  }
  const mostStep = Math.min(...rules.map(({ per }) => mostStepMs[(per ?? 'month') as BilledPeriod]))
  let mortal = createMortalStore(store)
  let house = await openHouse({ ...settings, store: mortal.store })
  let refused = 0
  const makeCall = async (): Promise<void> => {
    const ending = pick(endings)
    const workflow = pick(['w1', 'w2', undefined])
    const leaving = new AbortController()
    if (ending === 'hangs' || random() < 0.2) setTimeout(() => leaving.abort(), 5 + below(60))
    const body = {
      model: 'm1',
      messages: Array.from({ length: 1 + below(3) }, () => ({ role: 'user', content: '\u017c'.repeat(below(40)) })),
      metadata: { ending, workflow },
      ...(random() < 0.6 ? { max_tokens: 1 + below(400) } : {}),
      ...(random() < 0.2 ? { n: 1 + below(3) } : {}),
      ...(random() < 0.5 ? { stream: true } : {}),
    }
    for (let tries = 0; tries < 3; tries += 1) {
      const status = await sendTo(house, body, workflow, leaving.signal)
      if (status !== 402 && status !== 429) return
      refused += 1
      if (status === 402) return
    }
  }
  for (let burst = 0; burst < 4; burst += 1) {
    if (random() < 0.5 && setClock !== undefined) {
      const offsetMs = pick([0, 0, mostStep, -mostStep])
      await untilAllAreBilled(house, gateway)
      setClock(offsetMs)
    }
    const dies = random() < 0.25
    if (dies) setTimeout(() => mortal.die(), below(40))
    await Promise.all(Array.from({ length: 1 + below(8) }, makeCall))
    if (dies) {
      mortal.die()
      await house.close()
      mortal = createMortalStore(store)
      house = await openHouse({ ...settings, store: mortal.store })
    }
    // Of whoever died, and whose leases are over if the clock was set ahead.
    if (random() < 0.5) await store.budgets.bookAbandoned(100)
  }
  gateway.letGo()
  await house.close()
  await store.close()
  await gateway.close()
  return {
    billed: gateway.bill.length,
    refused,
    passed: rules.filter((rule) => isPassed(rule, gateway, inputPrice, outputPrice)).map((rule) => JSON.stringify(rule)),
  }
}

/**
 * The gateway bills by its clock. So before the clock is set, it must have read what was sent to it of calls whose client has left, or such
 * a call would be billed in another window than it was counted in.
 */
async function untilAllAreBilled({ runtime }: House, { baseURL }: BillingGateway): Promise<void> {
  await runtime.underWay.none()
  // What was sent before is read before an answer to what is sent now.
  for (let round = 0; round < 3; round += 1) await (await fetch(`${baseURL}/models`)).arrayBuffer()
}

async function sendTo({ baseURL, callers }: House, body: object, workflow: string | undefined, signal: AbortSignal): Promise<number> {
  try {
    const answer = await fetch(`${baseURL}/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${callers.acme}`,
        'content-type': 'application/json',
        ...(workflow === undefined ? {} : { 'x-workflow-id': workflow }),
      },
      body: JSON.stringify(body),
      signal,
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}

function isPassed(rule: Rule, { bill }: BillingGateway, inputPrice: number, outputPrice: number): boolean {
  const groups = new Map<string, BilledCall[]>()
  for (const call of bill) {
    const workflow = workflowOf(call)
    // A rule of each workflow does not count calls without one.
    if (rule.each === 'workflow' && workflow === undefined) continue
    const { startMs } = windowAt(rule.per, call.atMs)
    const name = `${startMs} ${rule.each === 'workflow' ? String(workflow) : ''}`
    groups.set(name, [...(groups.get(name) ?? []), call])
  }
  return [...groups.values()].some((calls) => {
    if (rule.requests !== undefined) return calls.length > rule.requests
    const input = calls.reduce((sum, call) => sum + call.input, 0)
    const output = calls.reduce((sum, call) => sum + call.output, 0)
    const excess = calls.reduce((sum, call) => sum + call.excess, 0)
    if (rule.tokens !== undefined) return input + output - excess > rule.tokens
    const limit = BigInt(Math.round(Number.parseFloat(rule.spend as string) * 1e9)) * 1_000_000n
    return BigInt(input) * BigInt(inputPrice) + BigInt(output - excess) * BigInt(outputPrice) > limit
  })
}

function workflowOf({ body }: BilledCall): unknown {
  return (body['metadata'] as { readonly workflow?: string }).workflow
}

function decimal(billionths: number): string {
  const digits = String(billionths).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
