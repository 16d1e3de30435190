import { type Claim, mostSpecificFirst, type Principal } from '@postern/ports'
import { compileModelReading, isPlainModel, modelReadings, type ModelReadings } from '@postern/protocol'
import { createFieldIndex } from '../lib/field-index.js'
import { rememberObjects } from '../lib/remember-objects.js'
import { isMeasured, type LimitRule } from './limit-rule.js'

/** The facts about a call that rules select by. */
export interface LimitedCall {
  readonly principal: Principal
  /** The key's alias. */
  readonly key: string
  readonly gateway: string
  /** The models of which one may run; empty: any may. */
  readonly models: readonly string[]
  /** Whether the call may be a stream. */
  readonly workflow: string | undefined
  readonly isStream: boolean
}

/** A rule that applies to a call, and what the call sets aside under it. */
export interface Limit {
  readonly rule: LimitRule
  readonly claim: Claim
}

/** Whether a call waits under it for another one to end. */
export function isOfStreams({ rule }: Limit): boolean {
  return rule.unit === 'streams'
}

/** Finds the rules that apply to a call, in the order of the configuration. Costs the same with ten rules as with ten thousand. */
export type FindLimits = (call: LimitedCall) => readonly Limit[]

/**
 * How long the count of a workflow or a session without a period is kept after its last call, in milliseconds; that of a session that lives
 * longer, as long.
 */
const nameKeptMs = 30 * 86_400_000

interface CompiledRule {
  readonly rule: LimitRule
  /** What the ids of its counts begin with. */
  readonly prefix: string
  readonly place: number
  readonly matchesModel: (readings: ModelReadings) => boolean
}

/** A rule that selects a principal. */
interface RuleOfPrincipal {
  readonly compiled: CompiledRule
  /** What calls set aside under it, once one did, if that is the same for all calls of the principal. */
  limit: Limit | undefined
}

export function createLimitFinder(rules: readonly LimitRule[]): FindLimits {
  const compiled = rules.map((rule, place): CompiledRule => {
    const unit = rule.currency === undefined ? rule.unit : `${rule.unit} ${rule.currency}`
    return { rule, prefix: `${rule.countedUnder}\n${unit}`, place, matchesModel: compileModelReading(rule.model ?? '*') }
  })
  const index = createFieldIndex(mostSpecificFirst, compiled, ({ rule }) => rule)
  const rulesFor = rememberObjects((principal: Principal): readonly RuleOfPrincipal[] => {
    const inOrder = index.all(principal).toSorted((one, other) => one.place - other.place)
    return inOrder.map((compiled) => ({ compiled, limit: undefined }))
  })
  return (call) => {
    const models = new ReadModels(call.models)
    const limits: Limit[] = []
    for (const each of rulesFor(call.principal)) {
      if (!selects(each.compiled, call, models)) continue
      const limit = each.limit ?? limitOf(each.compiled, call)
      if (limit === undefined) continue
      if (isOfPrincipalAlone(each.compiled.rule)) each.limit = limit
      limits.push(limit)
    }
    return limits
  }
}

/** Tells, before a request is read, whether a limit may count it that wants to know what it says: of money, of tokens, of a model. */
export function createMayCount(rules: readonly LimitRule[]): (call: Pick<LimitedCall, 'principal' | 'key' | 'gateway'>) => boolean {
  const measured = rules.filter(({ unit, model }) => isMeasured(unit) || model !== undefined)
  const index = createFieldIndex(mostSpecificFirst, measured, (rule) => rule)
  const rulesFor = rememberObjects((principal: Principal) => index.all(principal))
  return ({ principal, key, gateway }) =>
    measured.length > 0 &&
    rulesFor(principal).some(
      (rule) => (rule.key === undefined || rule.key === key) && (rule.gateway === undefined || rule.gateway === gateway),
    )
}

function selects({ rule, matchesModel }: CompiledRule, { key, gateway, isStream }: LimitedCall, models: ReadModels): boolean {
  if (rule.unit === 'streams' && !isStream) return false
  if (rule.key !== undefined && rule.key !== key) return false
  if (rule.gateway !== undefined && rule.gateway !== gateway) return false
  return rule.model === undefined || models.someCouldBe(matchesModel)
}

/** The models of a call, as gateways could read their names: one that some could read as any counts under every rule. Reads them once, and only if a rule asks. */
class ReadModels {
  readonly #models: readonly string[]
  #readings: readonly ModelReadings[] | undefined

  constructor(models: readonly string[]) {
    this.#models = models
  }

  /** Whether a model that may run could be one that `matches`. */
  someCouldBe(matches: (readings: ModelReadings) => boolean): boolean {
    if (this.#models.length === 0 || !this.#models.every(isPlainModel)) return true
    this.#readings ??= this.#models.map(modelReadings)
    return this.#readings.some(matches)
  }
}

function limitOf({ rule, prefix }: CompiledRule, call: LimitedCall): Limit | undefined {
  const whose = countFor(rule, call)
  return whose === undefined ? undefined : { rule, claim: claimOf(rule, prefix + whose, call) }
}

/** Whether a count depends on nothing but the principal: neither on the call nor on how long a session still lives. */
function isOfPrincipalAlone({ each }: LimitRule): boolean {
  return each === undefined || each === 'user' || each === 'team' || each === 'project'
}

/**
 * Whose count it is, each part behind a line feed, which no name holds; `undefined` if the rule does not apply to calls like this one.
 */
function countFor({ each }: LimitRule, { principal, key, workflow }: LimitedCall): string | undefined {
  const { user, team, project, session } = principal
  switch (each) {
    case undefined:
      return ''
    case 'key':
      return `\n${key}`
    case 'session':
      return session?.id === undefined ? undefined : `\n${session.id}`
    case 'workflow':
      // A workflow's name is the caller's to choose, so it counts within the team, project or user alone.
      return workflow === undefined ? undefined : `\n${workflow}${ownerOfWorkflow(principal)}`
    case 'user':
      return countOf(user)
    case 'team':
      return countOf(team)
    case 'project':
      return countOf(project)
  }
}

/** Calls without a name count together. */
function countOf(name: string | undefined): string {
  return name === undefined ? '' : `\n${name}`
}

function ownerOfWorkflow({ team, project, user, caller }: Principal): string {
  if (team !== undefined) return `\nteam\n${team}`
  if (project !== undefined) return `\nproject\n${project}`
  return user === undefined ? `\ncaller\n${caller}` : `\nuser\n${user}`
}

/** What tokens and money a call sets aside is found by `sizeCall`. */
function claimOf({ each, per, limit, unit }: LimitRule, id: string, { principal }: LimitedCall): Claim {
  const forgottenAfterMs = per === undefined ? keptMs(each, principal) : undefined
  const onlyHeld = unit === 'streams' ? true : undefined
  return { budget: { id, limit, per, forgottenAfterMs, onlyHeld }, amount: isMeasured(unit) ? 0 : 1 }
}

/**
 * How long the count of a limit without `per` is kept after its last call, in milliseconds; `undefined`: for ever. Clients invent names of
 * workflows and sessions without end, so the counts of those are forgotten.
 */
function keptMs(each: LimitRule['each'], { expiresAt = Infinity }: Principal): number | undefined {
  if (each === 'workflow') return nameKeptMs
  if (each !== 'session') return undefined
  return expiresAt === Infinity ? undefined : Math.max(nameKeptMs, expiresAt - Date.now())
}
