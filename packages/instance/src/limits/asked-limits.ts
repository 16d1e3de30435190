import type { Limit } from '@postern/core'
import { billionthsOfOne, type Counted, reachStore } from '@postern/ports'
import type { CallerLimit } from '@postern/protocol'
import type { Runtime } from '../runtime.js'
import { type AskedCaller, askedPrincipal } from './asked-principal.js'

/** Whose limits are asked for. */
export interface LimitQuestion extends AskedCaller {
  readonly model?: string | undefined
  /** The id of a session. */
  readonly session?: string | undefined
}

/** What a rule can name to count the calls of that alone. */
const namedBy = ['user', 'team', 'project', 'key', 'gateway'] as const

export type NamedBy = (typeof namedBy)[number]

/** A limit as an operator is told of it. `booked`, `held`, `left` and `resets_in` are absent where its count is not known. */
export interface ToldLimit extends Omit<CallerLimit, 'left'> {
  /** Where it stands: `limits.rules[2]`. */
  readonly path: string
  /** Whose calls it counts, and to where; absent: everybody's to every gateway. */
  readonly of?: Readonly<Partial<Record<NamedBy, string>>>
  /** What ended calls have spent. */
  readonly booked?: number
  /** What calls under way have set aside. */
  readonly held?: number
  readonly left?: number
}

/** A limit that counts such a caller; it has no count as long as nobody says whose workflow or session is meant. */
export interface AskedLimit {
  readonly limit: Limit
  readonly hasCount: boolean
}

/** The limits that count a caller, in the order of the configuration; those of each workflow and session among them. */
export function findAskedLimits({ findKey, findLimits }: Runtime, question: LimitQuestion): readonly AskedLimit[] {
  const { model, workflow, session } = question
  const principal = askedPrincipal(question)
  const bound = findKey(principal)
  if (bound === undefined) return []
  const { alias, gateway } = bound.key
  const limits = findLimits({
    principal: { ...principal, session: { id: session ?? 'any', issuedAt: 0 } },
    key: alias,
    gateway: gateway.name,
    models: model === undefined ? [] : [model],
    workflow: workflow ?? 'any',
    isStream: true,
  })
  const isNamed = { workflow: workflow !== undefined, session: session !== undefined }
  return limits.map((limit) => {
    const { each } = limit.rule
    return { limit, hasCount: each === 'workflow' || each === 'session' ? isNamed[each] : true }
  })
}

/**
 * Tells the limits that count a caller, with what is left of each.
 *
 * @throws {Refusal} 503 `store_unavailable`.
 */
export async function tellLimits(runtime: Runtime, question: LimitQuestion): Promise<readonly ToldLimit[]> {
  await runtime.findsKey(askedPrincipal(question))
  const asked = findAskedLimits(runtime, question)
  const counted = asked.filter(({ hasCount }) => hasCount)
  const states = await reachStore(runtime.budgets.look(counted.map(({ limit }) => limit.claim.budget)))
  const stateOf = new Map(counted.map((each, index) => [each, states[index]]))
  return asked.map((each) => describeLimit(each.limit, stateOf.get(each)))
}

/** @param state `undefined`: its count is not known. */
export function describeLimit({ rule, claim }: Limit, state: Counted | undefined): ToldLimit {
  const inUnits = (amount: number): number => (rule.currency === undefined ? amount : amount / billionthsOfOne)
  const { limit } = claim.budget
  const named = namedBy.flatMap((field) => (rule[field] === undefined ? [] : [[field, rule[field]]]))
  return {
    path: rule.path,
    name: rule.title,
    unit: rule.currency ?? rule.unit,
    limit: inUnits(limit),
    ...(rule.each === undefined ? {} : { each: rule.each }),
    ...(rule.per === undefined ? {} : { per: rule.per }),
    ...(rule.model === undefined ? {} : { model: rule.model }),
    ...(named.length === 0 ? {} : { of: Object.fromEntries(named) }),
    ...(state !== undefined ? describeCount(state, limit, inUnits) : {}),
  }
}

function describeCount(
  { booked, held, endsInMs }: Counted,
  limit: number,
  inUnits: (amount: number) => number,
): Pick<ToldLimit, 'booked' | 'held' | 'left' | 'resets_in'> {
  return {
    booked: inUnits(booked),
    held: inUnits(held),
    left: inUnits(Math.max(0, limit - booked - held)),
    ...(endsInMs === undefined ? {} : { resets_in: Math.ceil(endsInMs / 1000) }),
  }
}
