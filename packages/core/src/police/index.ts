import type { Arrival } from '../arrival.js'
import type { Principal } from '../principal.js'
import { brief } from '../lib/brief.js'
import { isJsonType } from '../lib/json-type.js'
import { Refusal } from '../refusal.js'
import type { Route } from '../resolve/route.js'
import { decideChoices } from './choices.js'
import { refuseDisguisedJson } from '../read/sniff-json.js'
import { editBody } from './edit-body.js'
import { limitBody } from '../read/limit-body.js'
import { refuseOtherReadings } from '../read/strict-content-type.js'
import { checkOutputLimit } from './output-limit.js'
import type { Permit } from './permit.js'
import type { FindPolicy, NamePattern, Policy } from './policies.js'
import { bodyTooLarge, readBody } from '../read/read-body.js'
import { readJsonObject } from '../read/strict-json.js'
import { refuseSubmittedKey } from '../read/key-in-body.js'

/**
 * Says whether this caller may do this.
 *
 * Every JSON body is read whole, because one rule always applies: a client cannot submit a key. An endpoint
 * that the dialect lists takes nothing else, unless it says so; there, and where nothing is listed, forms and
 * media stream past: only how they begin is looked at, and their size watched.
 *
 * @throws {Refusal} 403 `model_not_allowed`, 403 `endpoint_not_allowed`, 413 `body_too_large`, 400
 *   `request_malformed`, 400 `credential_in_request`.
 */
export type Police = (arrival: Arrival, principal: Principal, route: Route) => Permit | Promise<Permit>

/** What passes unread, since no gateway takes it for JSON. */
const isMedia = /^\s*(?:multipart|audio|image|video)\/|^\s*application\/(?:octet-stream|pdf|jsonl|x-ndjson)\b/i
const takesJson = 'The body is neither JSON nor a form or medium. Send JSON with the header "Content-Type: application/json".'

export function createPolice(findPolicy: FindPolicy): Police {
  return (arrival, principal, route) => {
    const policy = findPolicy(principal)
    const { dialect } = route.gateway
    checkEndpoint(policy, route.endpointPath)
    const chosen = decideChoices(dialect, policy, arrival)
    const length = declaredLength(arrival)
    if (length === 0) {
      if (arrival.method !== 'GET' && arrival.method !== 'HEAD') checkModel(policy, undefined)
      return { body: null, waitedMs: 0, ...chosen }
    }
    const contentType = arrival.headers['content-type']
    const isJson = isJsonType(contentType)
    const maxBytes = isJson ? Math.min(policy.maxBodyBytes, dialect.maxJsonBytes ?? Infinity) : policy.maxBodyBytes
    if (length !== undefined && length > maxBytes) throw bodyTooLarge(maxBytes)
    if (isJson) {
      refuseOtherReadings(arrival.headers)
      return readPermit(arrival, principal, policy, maxBytes, route, chosen)
    }
    if (!mayTakeMedia(route.endpoint) || !isMedia.test(contentType ?? ''))
      throw new Refusal('request_malformed', { message: takesJson, param: 'Content-Type' })
    if (policy.models.length > 0) refuseUnreadableModel(policy.models)
    return passMedia(arrival, length, maxBytes, chosen)
  }
}

/** An endpoint that is not listed may take anything. */
function mayTakeMedia({ media, methods }: Route['endpoint']): boolean {
  return media === true || methods.length === 0
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

function readPermit(
  arrival: Arrival,
  principal: Principal,
  policy: Policy,
  maxBytes: number,
  { endpoint, gateway }: Route,
  chosen: ReturnType<typeof decideChoices>,
): Promise<Permit> {
  const waitingSince = performance.now()
  return readBody(arrival, maxBytes).then((received) => {
    const waitedMs = performance.now() - waitingSince
    if (received.length === 0) {
      checkModel(policy, undefined)
      return { body: null, waitedMs, modelRequested: undefined, query: chosen?.query, headers: chosen?.headers }
    }
    const members = readJsonObject(received)
    refuseSubmittedKey(members)
    const model = typeof members['model'] === 'string' ? members['model'] : undefined
    checkModel(policy, model)
    checkOutputLimit(policy.maxTokens, endpoint.format.outputLimit, members, received)
    const pinnedUser = policy.pinUser ? (principal.user ?? '') : undefined
    const body = editBody(received, { members, dialect: gateway.dialect, format: endpoint.format, pinnedUser })
    return {
      body,
      waitedMs,
      modelRequested: model === undefined ? undefined : brief(model),
      query: chosen?.query,
      headers: chosen?.headers,
    }
  })
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
