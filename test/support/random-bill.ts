import { once } from 'node:events'
import { get, type IncomingMessage, request } from 'node:http'
import type { Store } from '@postern/ports'
import { findDoubled, findPassed, type Rule } from './bill-within.js'
import { type BilledEnding, type BillingGateway, startBillingGateway } from './billing-gateway.js'
import { type House, type HouseOptions, openHouse } from './house.js'
import { createMortalStore } from './mortal-store.js'

/** What a schedule showed. */
export interface BillOfSchedule {
  /** How many calls the gateway billed, and how many Postern refused. */
  readonly billed: number
  readonly refused: number
  /** The rules whose limit the bill passed by more than the gateway billed beyond what it was allowed. */
  readonly passed: readonly string[]
  /** The keys of repeated calls that were billed more than once. */
  readonly doubled: readonly string[]
}

type SessionName = 'own' | 'spent'

/** Who calls: two services of different teams, a session of a user of the first, and one that may spend a little. */
const billedCallers = ['acme', 'acme', 'globex', 'own', 'spent'] as const

const endings: readonly BilledEnding[] = [
  'whole',
  'whole',
  'whole',
  'cut',
  'cut while it counts',
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
 * streams, callers that repeat what was held, calls that are sent twice under one `Idempotency-Key`, callers of several teams and sessions
 * with money of their own, a process that dies between any two steps of its calls while another goes on with its store, and a clock that is
 * set ahead and back. The gateway keeps a bill of its own; the result compares that with the limits.
 */
export async function playBill(seed: number, store: Store, options: BillOptions = {}): Promise<BillOfSchedule> {
  const startMs = Date.now()
  let offsetMs = 0
  // The clock stands still within a burst, so that every call of it lies in one window.
  const { now } = Date
  if (options.hasOurClock === true) Date.now = () => startMs + offsetMs
  try {
    return await play(seed, store, options.hasOurClock === true ? (setTo) => (offsetMs = setTo) : undefined)
  } finally {
    Date.now = now
  }
}

/** @param setClock Sets the clock so far ahead of the time at the beginning; `undefined`: the clock is not ours. */
async function play(seed: number, store: Store, setClock: ((offsetMs: number) => void) | undefined): Promise<BillOfSchedule> {
  const random = randomFrom(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  // Nine decimals; billionths of a dollar for a million tokens.
  const [inputPrice, outputPrice] = [1 + below(5_000_000_000), 1 + below(20_000_000_000)]
  const spendOfSession = `${decimal(1 + below(50_000_000))} USD`
  const gateway = await startBillingGateway(random)
  const periods: readonly BilledPeriod[] = setClock === undefined ? ['day', 'month'] : ['minute', 'hour', 'day', 'month']
  const rules: Rule[] = Array.from({ length: 1 + below(4) }, (_, index): Rule => {
    const each = pick(['team', 'user', 'key', 'workflow', undefined] as const)
    const shared = {
      name: `r${index}`,
      ...(each === undefined ? {} : { each }),
      ...(random() < 0.2 ? { team: 'acme' } : {}),
      ...(each === 'workflow' ? {} : { per: pick(periods) }),
    }
    const unit = pick(['tokens', 'tokens', 'tokens', 'spend', 'spend', 'spend', 'spend', 'requests', 'requests', 'streams'] as const)
    // Nothing is billed by it, but a call that waits for its turn holds nothing of the other rules meanwhile.
    if (unit === 'streams') return { name: `r${index}`, streams: 1 + below(4) }
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
  let replays = 0
  const makeCall = async (sessions: Readonly<Record<SessionName, string>>): Promise<void> => {
    const key = random() < 0.3 ? `key-${(replays += 1)}` : undefined
    const drawn = pick(endings)
    // What is repeated goes on for a minute after its client left.
    const ending = key !== undefined && drawn === 'hangs' ? 'whole' : drawn
    const workflow = pick(['w1', 'w2', undefined])
    const who = pick(billedCallers)
    const credential = who === 'own' || who === 'spent' ? sessions[who] : house.callers[who]
    const leaving = new AbortController()
    if (ending === 'hangs' || random() < 0.2) setTimeout(() => leaving.abort(), 5 + below(60))
    const body = {
      model: 'm1',
      messages: Array.from({ length: 1 + below(3) }, () => ({ role: 'user', content: '\u017c'.repeat(below(40)) })),
      metadata: { ending, workflow, who, key, burst: who === 'spent' ? bursts : undefined },
      ...(random() < 0.6 ? { max_tokens: 1 + below(400) } : {}),
      ...(random() < 0.2 ? { n: 1 + below(3) } : {}),
      ...(random() < 0.5 ? { stream: true } : {}),
    }
    const send = async (signal: AbortSignal): Promise<void> => {
      for (let tries = 0; tries < 3; tries += 1) {
        const status = await sendTo(house, body, { credential, workflow, key }, signal)
        if (status !== 402 && status !== 429) return
        refused += 1
        if (status === 402) return
      }
    }
    const sent = send(leaving.signal)
    if (key === undefined) return sent
    // While the first is under way, or once it is over.
    if (random() < 0.5) await sent
    await Promise.all([sent, send(new AbortController().signal)])
  }
  let bursts = 0
  for (; bursts < 4; bursts += 1) {
    if (random() < 0.5 && setClock !== undefined) {
      const offsetMs = pick([0, 0, mostStep, -mostStep])
      await untilAllAreBilled(house, gateway)
      setClock(offsetMs)
    }
    const dies = random() < 0.25
    if (dies) setTimeout(() => mortal.die(), below(40))
    const sessions = { own: await mint(house), spent: await mint(house, spendOfSession) }
    await Promise.all(Array.from({ length: 1 + below(8) }, () => makeCall(sessions)))
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
    passed: findPassed(rules, spendOfSession, gateway, inputPrice, outputPrice),
    doubled: findDoubled(gateway),
  }
}

/**
 * The gateway bills by its clock. So before the clock is set, it must have read what was sent to it of calls whose client has left, or such
 * a call would be billed in another window than it was counted in.
 */
async function untilAllAreBilled({ runtime }: House, { baseURL }: BillingGateway): Promise<void> {
  await runtime.underWay.none()
  // What was sent before is read before an answer to what is sent now.
  for (let round = 0; round < 3; round += 1) {
    // On a connection of its own: one that is kept may be closed meanwhile.
    const [answer] = (await once(get(`${baseURL}/models`, { agent: false }), 'response')) as [IncomingMessage]
    await once(answer.resume(), 'end')
  }
}

/** @param maxSpend What its calls may cost together. Default: it says nothing of that. */
async function mint({ minter }: House, maxSpend?: string): Promise<string> {
  const { token } = await minter.mint({ user: 'own', team: 'acme', ttl: '10m', ...(maxSpend === undefined ? {} : { maxSpend }) })
  return token
}

/** How a call is sent. */
interface Sending {
  readonly credential: string
  readonly workflow: string | undefined
  readonly key: string | undefined
}

/** @returns The status of the answer once it is over; 0: there was none, or it broke off. */
function sendTo({ baseURL }: House, body: object, { credential, workflow, key }: Sending, signal: AbortSignal): Promise<number> {
  const headers = {
    authorization: `Bearer ${credential}`,
    'content-type': 'application/json',
    ...(workflow === undefined ? {} : { 'x-workflow-id': workflow }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  return new Promise((done) => {
    // `fetch` costs several times as much, and there are many calls.
    const sent = request(`${baseURL}/chat/completions`, { method: 'POST', headers, signal }, (answer) => {
      answer
        .on('end', () => done(answer.statusCode as number))
        .on('error', () => done(0))
        .resume()
    })
    sent.on('error', () => done(0)).end(JSON.stringify(body))
  })
}

function decimal(billionths: number): string {
  const digits = String(billionths).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
