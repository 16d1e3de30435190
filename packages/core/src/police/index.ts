import type { Arrival } from '../arrival.js'
import type { Principal } from '../principal.js'
import { isJsonType } from '../lib/json-type.js'
import { Refusal } from '../refusal.js'
import type { Route } from '../resolve/route.js'
import { decideChoices } from './choices.js'
import { editBody } from './edit-body.js'
import { readMedium, type Medium } from '../read/read-medium.js'
import { refuseOtherReadings, refusePackedBody } from '../read/strict-content-type.js'
import { checkOutputLimit } from './output-limit.js'
import type { Permit } from './permit.js'
import type { CountCall } from './count-call.js'
import type { FindPolicy, Policy } from './policies.js'
import { bodyTooLarge, readBody } from '../read/read-body.js'
import { readClearBody } from '../read/clear-body.js'
import type { JsonBody } from '../read/json-body.js'

/**
 * Says whether this caller may do this.
 *
 * Every JSON body is read whole, because one rule always applies: a client cannot submit a key. An endpoint
 * that the dialect lists takes nothing else, unless it says so; there, and where nothing is listed, forms and
 * media stream past: of a medium only how it begins is looked at, of a form the fields that are no files. Where a policy
 * allows only some models, a form is read whole before it is sent, since the model may stand behind the file.
 *
 * @throws {Refusal} 403 `model_not_allowed`, 403 `endpoint_not_allowed`, 413 `body_too_large`, 415
 *   `media_type_unsupported`, 400 `request_malformed`, 400 `credential_in_request`, 402 `budget_exhausted`, 503 `store_unavailable`.
 */
export type Police = (arrival: Arrival, principal: Principal, route: Route) => Permit | Promise<Permit>

/** What passes unread, since no gateway takes it for JSON. */
const isMedia = /^\s*(?:multipart|audio|image|video)\/|^\s*application\/(?:octet-stream|pdf)\b/i
const takesJson = 'The body is neither JSON nor a form or medium. Send JSON with the header "Content-Type: application/json".'

/** Longest model name that is worth repeating in a record. */
const maxModelName = 200

export function createPolice(findPolicy: FindPolicy, countCall: CountCall): Police {
  const decide: Police = (arrival, principal, route) => {
    const policy = findPolicy(principal)
    const { dialect } = route.gateway
    checkEndpoint(policy, route.endpointPath)
    const chosen = decideChoices(dialect, policy, arrival)
    refusePackedBody(arrival.headers)
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
    return passMedium(
      policy,
      readMedium(arrival, { length, maxBytes, keyPattern: dialect.keyPattern, whole: policy.models.length > 0 }),
      chosen,
    )
  }

  /** Last, so that what is refused anyway uses no call up. */
  const decideAndCount = async (arrival: Arrival, principal: Principal, route: Route): Promise<Permit> => {
    const permit = await decide(arrival, principal, route)
    await countCall(principal)
    return permit
  }

  return (arrival, principal, route) =>
    principal.bounds?.maxCalls === undefined ? decide(arrival, principal, route) : decideAndCount(arrival, principal, route)
}

/** An endpoint that is not listed may take anything. */
function mayTakeMedia({ media, methods }: Route['endpoint']): boolean {
  return media === true || methods.length === 0
}

async function passMedium(policy: Policy, reading: Promise<Medium>, chosen: ReturnType<typeof decideChoices>): Promise<Permit> {
  const waitingSince = performance.now()
  const { body, fields } = await reading
  const waitedMs = performance.now() - waitingSince
  if (policy.models.length > 0) checkFormModel(policy, fields)
  return { body, waitedMs, modelRequested: fields?.get('model')?.slice(0, maxModelName), ...chosen }
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
  const decide = (read: JsonBody, waitedMs: number, received: Buffer): Permit => {
    const { members } = read
    const model = typeof members['model'] === 'string' ? members['model'] : undefined
    checkModel(policy, model)
    checkOutputLimit(policy.maxTokens, endpoint.format.outputLimit, members)
    const pinnedUser = policy.pinUser ? (principal.user ?? '') : undefined
    const body = editBody(received, { read, dialect: gateway.dialect, format: endpoint.format, pinnedUser })
    return { body, waitedMs, modelRequested: model?.slice(0, maxModelName), query: chosen?.query, headers: chosen?.headers }
  }
  return readBody(arrival, maxBytes).then((received) => {
    const waitedMs = performance.now() - waitingSince
    if (received.length === 0) {
      checkModel(policy, undefined)
      return { body: null, waitedMs, modelRequested: undefined, query: chosen?.query, headers: chosen?.headers }
    }
    const read = readClearBody(received, gateway.dialect.keyPattern)
    return read instanceof Promise ? read.then((large) => decide(large, waitedMs, received)) : decide(read, waitedMs, received)
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

/** A form may name the model in a field; a binary body names none that could be read. */
function checkFormModel(policy: Policy, fields: ReadonlyMap<string, string> | undefined): void {
  if (fields !== undefined) return checkModel(policy, fields.get('model'))
  if (policy.models.every((list) => list.allows(''))) return
  throw new Refusal('model_not_allowed', {
    message: 'The policy allows only some models, and only JSON bodies and forms say which one they ask for.',
  })
}

/** The length that the request declares; 0 where it has no body, `undefined` where it is sent in chunks. */
function declaredLength(arrival: Arrival): number | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = arrival.headers
  if (encoding !== undefined) return undefined
  return length === undefined ? 0 : Number(length)
}
