import type { OutputLimit } from '@postern/gateways'
import type { Arrival } from '../arrival.js'
import type { Principal } from '../principal.js'
import { isJsonType } from '../lib/json-type.js'
import { Refusal } from '../refusal.js'
import type { Route } from '../resolve/route.js'
import { decideChoices } from './choices.js'
import { refuseDisguisedJson } from '../read/sniff-json.js'
import { editBody } from './edit-body.js'
import { limitBody } from '../read/limit-body.js'
import { refuseOtherReadings } from '../read/strict-content-type.js'
import { checkModelOutsideBody } from './model-outside-body.js'
import { checkNamedModels } from './named-models.js'
import { checkOutputLimit, needsCeiling, refuseUnreadableCeiling, type UnderCeiling } from './output-limit.js'
import type { Permit } from './permit.js'
import type { FindPolicy, NamePattern, Policy } from './policies.js'
import { refuseRepeatedMembers } from './repeated-members.js'
import { refuseStored, wouldBeStored } from './stored-objects.js'
import type { Members } from './visit-members.js'
import { bodyTooLarge, readBody } from '../read/read-body.js'
import { readJsonObject } from '../read/strict-json.js'
import { refuseSubmittedKey } from '../read/key-in-body.js'

/**
 * Says whether this caller may do this.
 *
 * Every JSON body is read whole, because one rule always applies: a client cannot submit a key. An endpoint takes
 * nothing else, unless it says so; there forms and media stream past: only how they begin is looked at, and their size
 * watched. Where a policy names models or a ceiling, a request of which they cannot be read is refused.
 *
 * @throws {Refusal} 403 `model_not_allowed`, 403 `endpoint_not_allowed`, 413 `body_too_large`, 400
 *   `request_malformed`, 400 `credential_in_request`.
 */
export type Police = (arrival: Arrival, principal: Principal, route: Route) => Permit | Promise<Permit>

/** What passes unread, since no gateway takes it for JSON. */
const isMedia = /^\s*(?:multipart|audio|image|video)\/|^\s*application\/(?:octet-stream|pdf|jsonl|x-ndjson)\b/i
const takesJson = 'The body is neither JSON nor a form or medium. Send JSON with the header "Content-Type: application/json".'

/** Longest model name that is worth repeating in a record. */
const maxModelName = 200

export function createPolice(findPolicy: FindPolicy): Police {
  return (arrival, principal, route) => {
    const policy = findPolicy(principal)
    const { dialect } = route.gateway
    checkEndpoint(policy, route.endpointPath)
    if (policy.namesModels) checkModelOutsideBody(route, arrival.query, (model) => checkModel(policy, model))
    const underCeiling: UnderCeiling = { ceiling: policy.maxTokens, endpoint: route.endpoint, query: arrival.query }
    const mustSayCeiling = needsCeiling(underCeiling)
    const chosen = decideChoices(dialect, policy, arrival)
    const length = declaredLength(arrival)
    if (length === 0) {
      checkEmptyBody(policy, underCeiling, mustSayCeiling)
      return { body: null, waitedMs: 0, ...chosen }
    }
    const contentType = arrival.headers['content-type']
    const isJson = isJsonType(contentType)
    const maxBytes = isJson ? Math.min(policy.maxBodyBytes, dialect.maxJsonBytes ?? Infinity) : policy.maxBodyBytes
    if (length !== undefined && length > maxBytes) throw bodyTooLarge(maxBytes)
    if (isJson) {
      refuseOtherReadings(arrival.headers)
      return readPermit(arrival, principal, { policy, underCeiling, mustSayCeiling, maxBytes, route, chosen })
    }
    if (route.endpoint.media !== true || !isMedia.test(contentType ?? ''))
      throw new Refusal('request_malformed', { message: takesJson, param: 'Content-Type' })
    if (route.endpoint.model === 'body') refuseUnreadableModel(policy.models)
    if (mustSayCeiling) refuseUnreadableCeiling(underCeiling)
    return passMedia(arrival, length, maxBytes, chosen)
  }
}

/** A request without a body names no model in it, and no ceiling. */
function checkEmptyBody(policy: Policy, underCeiling: UnderCeiling, mustSayCeiling: boolean): void {
  if (underCeiling.endpoint.model === 'body') checkModel(policy, undefined)
  if (mustSayCeiling) refuseUnreadableCeiling(underCeiling)
}

async function passMedia(
  arrival: Arrival,
  length: number | undefined,
  maxBytes: number,
  chosen: ReturnType<typeof decideChoices>,
): Promise<Permit> {
  const waitingSince = performance.now()
  await refuseDisguisedJson(arrival.body)
  const body = length === undefined ? limitBody(arrival.body, maxBytes) : arrival.body
  return { body, waitedMs: performance.now() - waitingSince, ...chosen }
}

/** What is known of a request before its body is read. */
interface BeforeBody {
  readonly policy: Policy
  readonly underCeiling: UnderCeiling
  readonly mustSayCeiling: boolean
  readonly maxBytes: number
  readonly route: Route
  readonly chosen: ReturnType<typeof decideChoices>
}

function readPermit(arrival: Arrival, principal: Principal, before: BeforeBody): Promise<Permit> {
  const { policy, maxBytes, route, chosen } = before
  const { endpoint, gateway } = route
  const waitingSince = performance.now()
  return readBody(arrival, maxBytes).then((received) => {
    const waitedMs = performance.now() - waitingSince
    if (received.length === 0) {
      checkEmptyBody(policy, before.underCeiling, before.mustSayCeiling)
      return { body: null, waitedMs, modelRequested: undefined, query: chosen?.query, headers: chosen?.headers }
    }
    const members = readJsonObject(received)
    refuseSubmittedKey(members)
    const model = typeof members['model'] === 'string' ? members['model'] : undefined
    checkBody(before, members, model, received)
    const pinnedUser = policy.pinUser ? (principal.user ?? '') : undefined
    const refuseStore = !route.key.mayStore && wouldBeStored(endpoint.format, members)
    const body = editBody(received, { members, dialect: gateway.dialect, format: endpoint.format, pinnedUser, refuseStore })
    return { body, waitedMs, modelRequested: model?.slice(0, maxModelName), query: chosen?.query, headers: chosen?.headers }
  })
}

/** What policy, and the key's tenants, have against a body. */
function checkBody({ policy, mustSayCeiling, route }: BeforeBody, members: Members, model: string | undefined, bytes: Buffer): void {
  const { endpoint, key } = route
  if (policy.namesModels || !key.mayStore) refuseRepeatedMembers(bytes.toString('utf8'))
  if (endpoint.model === 'body') checkModel(policy, model)
  if (policy.namesModels) checkNamedModels(members, endpoint.model === 'body' ? 'model' : undefined, (name) => allowsModel(policy, name))
  if (mustSayCeiling) checkOutputLimit(policy.maxTokens as number, endpoint.format.outputLimit as OutputLimit, members, bytes)
  if (!key.mayStore) refuseStored(members)
}

/** @throws {Refusal} `endpoint_not_allowed`. */
export function checkEndpoint(policy: Policy, endpointPath: string): void {
  if (!policy.endpoints.every((list) => list.allows(endpointPath))) throw new Refusal('endpoint_not_allowed')
}

/** @throws {Refusal} `model_not_allowed`, also where a policy allows only some models and the request names none. */
export function checkModel({ models }: Policy, model: string | undefined): void {
  for (const list of models) {
    if (list.allows(model ?? '')) continue
    const message = model === undefined ? 'The request names no model, and the policy allows only some.' : undefined
    throw new Refusal('model_not_allowed', { param: 'model', ...(message === undefined ? {} : { message }) })
  }
}

function allowsModel({ models }: Policy, model: string): boolean {
  return models.every((list) => list.allows(model))
}

/** A form or binary body is not read, so a policy that allows only some models cannot let it pass. */
function refuseUnreadableModel(models: readonly NamePattern[]): void {
  if (models.every((list) => list.allows(''))) return
  throw new Refusal('model_not_allowed', {
    message: 'The policy allows only some models, and only JSON bodies say which one they ask for.',
  })
}

/** The length that the request declares; 0 where it has no body, `undefined` where it is sent in chunks. */
function declaredLength(arrival: Arrival): number | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = arrival.headers
  if (encoding !== undefined) return undefined
  return length === undefined ? 0 : Number(length)
}
