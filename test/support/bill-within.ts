import type { ConfigInput } from '@postern/config'
import { windowAt } from '@postern/ports'
import type { BilledCall, BilledEnding, BillingGateway } from './billing-gateway.js'

/** A limit as the configuration has it. */
export type Rule = NonNullable<NonNullable<ConfigInput['limits']>['rules']>[number]

/** What a call says of itself, for the comparison. */
interface SaidOfCall {
  readonly workflow?: string
  readonly who: 'acme' | 'globex' | 'own' | 'spent'
  readonly key?: string
  readonly ending: BilledEnding
  /** Of a session that may spend a little: which one. */
  readonly burst?: number
}

/** User, team and key of each caller. */
const callers = {
  acme: { user: 'svc-acme', team: 'acme', key: 'acme' },
  globex: { user: '', team: 'globex', key: 'globex' },
  own: { user: 'own', team: 'acme', key: 'acme' },
  spent: { user: 'own', team: 'acme', key: 'acme' },
} as const

/**
 * Compares the bill with the limits.
 *
 * @param spendOfSession What each session `spent` may cost.
 * @param inputPrice In billionths of a dollar for a million tokens, as the other.
 * @returns The rules whose limit the bill passed by more than the gateway billed beyond what it was allowed.
 */
export function findPassed(
  rules: readonly Rule[],
  spendOfSession: string,
  { bill }: BillingGateway,
  inputPrice: number,
  outputPrice: number,
): readonly string[] {
  const within = (limit: Rule, calls: readonly BilledCall[]): boolean => isWithin(limit, calls, inputPrice, outputPrice)
  const passed = rules.filter(
    (rule) => rule.streams === undefined && ![...groupsUnder(rule, bill).values()].every((calls) => within(rule, calls)),
  )
  const ofSessions = groupBy(
    bill.filter((call) => saidOf(call).who === 'spent'),
    (call) => saidOf(call).burst,
  )
  const isPassed = [...ofSessions.values()].some((calls) => !within({ spend: spendOfSession }, calls))
  return [...passed.map((rule) => JSON.stringify(rule)), ...(isPassed ? [`max_spend ${spendOfSession}`] : [])]
}

/**
 * @returns The calls that were sent under an `Idempotency-Key` and billed more than once. An error that says to try again, such as a 500, lets
 *   the repeat be another call.
 */
export function findDoubled({ bill }: BillingGateway): readonly string[] {
  const calls = groupBy(
    bill.filter((call) => saidOf(call).key !== undefined && saidOf(call).ending !== 'failed'),
    (call) => saidOf(call).key,
  )
  return [...calls.values()]
    .filter((billed) => billed.length > 1)
    .map((billed) => billed.map(({ body }) => JSON.stringify(body)).join('\n'))
}

function groupsUnder(rule: Rule, bill: readonly BilledCall[]): ReadonlyMap<string, BilledCall[]> {
  // A rule of each workflow does not count calls without one.
  const counted = bill.filter((call) => {
    const { workflow, who } = saidOf(call)
    return (rule.each !== 'workflow' || workflow !== undefined) && (rule.team === undefined || rule.team === callers[who].team)
  })
  return groupBy(counted, (call) => `${windowAt(rule.per, call.atMs).startMs} ${whose(rule, saidOf(call))}`)
}

function whose({ each }: Rule, { workflow, who }: SaidOfCall): string {
  const caller = callers[who]
  if (each === 'workflow') return `${workflow} ${caller.team}`
  return each === 'user' || each === 'team' || each === 'key' ? caller[each] : ''
}

function isWithin(rule: Rule, calls: readonly BilledCall[], inputPrice: number, outputPrice: number): boolean {
  if (rule.requests !== undefined) return calls.length <= rule.requests
  const sum = (of: (call: BilledCall) => number): number => calls.reduce((whole, call) => whole + of(call), 0)
  const [input, output] = [sum((call) => call.input), sum((call) => call.output - call.excess)]
  if (rule.tokens !== undefined) return input + output <= rule.tokens
  const limit = BigInt(Math.round(Number.parseFloat(rule.spend as string) * 1e9)) * 1_000_000n
  return BigInt(input) * BigInt(inputPrice) + BigInt(output) * BigInt(outputPrice) <= limit
}

function saidOf({ body }: BilledCall): SaidOfCall {
  return body['metadata'] as SaidOfCall
}

function groupBy<Name>(calls: readonly BilledCall[], nameOf: (call: BilledCall) => Name): ReadonlyMap<Name, BilledCall[]> {
  const groups = new Map<Name, BilledCall[]>()
  for (const call of calls) {
    const group = groups.get(nameOf(call))
    if (group === undefined) groups.set(nameOf(call), [call])
    else group.push(call)
  }
  return groups
}
