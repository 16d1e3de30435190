import type { OutputLimit } from '@postern/gateways'
import { refuseStored } from '../objects/refuse-stored.js'
import type { Route } from '../resolve/route.js'
import type { VisitField } from '../read/form-fields.js'
import { nothingFree } from './callers-places.js'
import { checkModel } from './check-model.js'
import { refuseDroppedMembers } from './dropped-members.js'
import type { Measuring } from './measure.js'
import { hiddenUsers, hiddenUsersBesideMetadata, namedUsers } from './hidden-users.js'
import { namedModels } from './named-models.js'
import { refuseModelsInQuery, refuseSeveralModels } from './one-model.js'
import { anyCeiling, checkOutputLimit, hiddenCeilings, writersBeside } from './output-limit.js'
import type { Policy } from './policies.js'
import { refuseReports } from './refuse-reports.js'
import { visitFields, visitQuery } from './visit-fields.js'
import type { Members } from './callers-places.js'
import { MemberWalk, type Visit } from './visit-members.js'

/** The rules for a body. */
export interface BodyRules {
  readonly policy: Policy
  readonly route: Route
  /** Whether the body must state its number of tokens: the result of `needsCeiling`. */
  readonly mustSayCeiling: boolean
  /** Measures what the request can use; `undefined`: no limit wants to know. */
  readonly measuring: Measuring | undefined
}

/**
 * Checks a body against the policy and, if several tenants use the key, for stored objects. Checks the outermost members at
 * once and returns a walk that checks all other members; `undefined` if no rule concerns them.
 *
 * @throws {Refusal} 403 `model_not_allowed`, 403 `endpoint_not_allowed`, 400 `request_malformed`; the walk likewise.
 */
export function beginCheck(
  { policy, route, mustSayCeiling, measuring }: BodyRules,
  members: Members,
  model: string | undefined,
): MemberWalk | undefined {
  const { endpoint, gateway, key } = route
  refuseReports(gateway.dialect, endpoint.format, members)
  const visits: Visit[] = []
  const inTags: Visit[] = []
  if (endpoint.model === 'body') checkModel(policy, model)
  if (policy.pinUser) {
    const users = endpoint.format.user?.member === 'metadata' ? hiddenUsersBesideMetadata : hiddenUsers
    visits.push(users)
    inTags.push(users)
  }
  if (policy.namesModels) visits.push(namedModels(endpoint.model === 'body' ? 'model' : undefined, (name) => allowsModel(policy, name)))
  if (mustSayCeiling) {
    const ceiling = policy.maxTokens as number
    if (route.modelInPath !== undefined) refuseSeveralModels(route.modelInPath)
    const limit = endpoint.format.outputLimit as OutputLimit
    const thinking = checkOutputLimit(ceiling, limit, members)
    visits.push(writersBeside(ceiling), hiddenCeilings(ceiling, limit, thinking))
  }
  if (!key.mayStore) visits.push(refuseStored)
  const refuses = visits.length > 0
  if (measuring !== undefined && !measuring.findsNothing(members)) visits.push(...measuring.visits())
  if (visits.length === 0) return undefined
  if (refuses) visits.push(refuseDroppedMembers)
  return new MemberWalk(members, visits, { inTags })
}

/** Makes the check of a form's fields; `undefined` if no rule concerns them. `createPolice` refuses a form under a ceiling before. */
export function beginFormCheck({ policy, route }: Pick<BodyRules, 'policy' | 'route'>): VisitField | undefined {
  const models = policy.namesModels ? [namedModels(undefined, (name) => allowsModel(policy, name))] : []
  const stored = route.key.mayStore ? [] : [refuseStored]
  const users = policy.pinUser ? namedUsers : undefined
  const dropped = models.length + stored.length > 0 || users !== undefined ? [refuseDroppedMembers] : []
  return visitFields({
    fields: [...models, ...stored, ...dropped],
    files: [...models, ...dropped],
    users,
    besides: route.endpoint.model === 'body' ? 'model' : undefined,
  })
}

/**
 * Checks the query against the rules for a body, since a gateway could read the same names in the query.
 *
 * @throws {Refusal} As {@link beginCheck}.
 */
export function checkQuery({ policy, route, mustSayCeiling, measuring }: BodyRules, query: string): void {
  if (query === '') return
  const visits: Visit[] = []
  if (policy.namesModels) visits.push(namedModels(undefined, (name) => allowsModel(policy, name)))
  if (mustSayCeiling) {
    refuseModelsInQuery(query)
    visits.push(anyCeiling(route.endpoint.format.outputLimit as OutputLimit), writersBeside(policy.maxTokens as number))
  }
  if (!route.key.mayStore) visits.push(refuseStored)
  if (visits.length > 0 || policy.pinUser) visits.push(refuseDroppedMembers)
  visitQuery(query, measuring === undefined ? visits : [...visits, ...measuring.visitsOfQuery()])
  if (policy.pinUser) visitQuery(query, [namedUsers], nothingFree)
}

function allowsModel({ models }: Policy, model: string): boolean {
  return models.every((list) => list.allows(model))
}
