import type { ConfigInput } from '@postern/config'
import type { Store } from '@postern/ports'
import { type BilledCall, type BilledEnding, type BillingGateway, startBillingGateway } from './billing-gateway.js'
import { type House, openHouse } from './house.js'

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
  let state = (seed | 1) >>> 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

/**
 * Plays one random schedule: rules of every unit, calls that come at once, answers shorter than their ceiling, aborts, errors, streams,
 * callers that repeat what was held. The gateway keeps a bill of its own; the result compares that with the limits.
 */
export async function playBill(seed: number, store: Store): Promise<BillOfSchedule> {
  const random = randomFrom(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  // Nine decimals; billionths of a dollar for a million tokens.
  const [inputPrice, outputPrice] = [1 + below(5_000_000_000), 1 + below(20_000_000_000)]
  const gateway = await startBillingGateway(random)
  const rules: Rule[] = Array.from({ length: 1 + below(4) }, (_, index): Rule => {
    const each = pick(['team', 'user', 'workflow', undefined] as const)
    const shared = {
      name: `r${index}`,
      ...(each === undefined ? {} : { each }),
      ...(each === 'workflow' ? {} : { per: pick(['day', 'month'] as const) }),
    }
    const unit = pick(['tokens', 'spend', 'spend', 'requests'] as const)
    if (unit === 'tokens') return { ...shared, tokens: 200 + below(4000) }
    if (unit === 'requests') return { ...shared, requests: 1 + below(20) }
    return { ...shared, spend: `${decimal(1 + below(60_000_000))} USD` }
  })
  const entry = {
    model: 'm*',
    unit: 'USD',
    perMillion: { input: decimal(inputPrice), output: decimal(outputPrice) },
    ...(random() < 0.5 ? { maxOutput: 300 } : {}),
  }
  const house = await openHouse({
    store,
    config: {
      gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } },
      limits: { prices: { version: '1', prices: [entry] }, rules },
    },
  })
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
  for (let burst = 0; burst < 3; burst += 1) await Promise.all(Array.from({ length: 1 + below(8) }, makeCall))
  gateway.letGo()
  await house.close()
  await gateway.close()
  return {
    billed: gateway.bill.length,
    refused,
    passed: rules.filter((rule) => isPassed(rule, gateway, inputPrice, outputPrice)).map((rule) => JSON.stringify(rule)),
  }
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
  const groups = rule.each === 'workflow' ? ['w1', 'w2'].map((workflow) => bill.filter((call) => workflowOf(call) === workflow)) : [bill]
  return groups.some((calls) => {
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
