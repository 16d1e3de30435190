import type { Dialect } from '@postern/gateways'
import { type Arrival, entryOwnerOf, type Principal, Refusal, type Stopwatch } from '@postern/ports'
import { brief } from '../lib/brief.js'
import { inTurns } from '../lib/in-turns.js'
import { onlyOne } from '../lib/only-one.js'
import { isJsonRequestType } from '../lib/json-type.js'
import { wouldBeStored } from '../objects/would-be-stored.js'
import type { Route } from '../resolve/route.js'
import { readClearBody } from '../read/clear-body.js'
import type { JsonBody } from '../read/json-body.js'
import { type BodyLimit, bodyTooLarge, readBody } from '../read/read-body.js'
import { type Medium, readMedium } from '../read/read-medium.js'
import { refuseOtherReadings, refusePackedBody } from '../read/strict-content-type.js'
import { asksInBody, asksOutsideBody } from './asks-for-stream.js'
import { beginCheck, beginFormCheck, type BodyRules, checkQuery } from './check-body.js'
import { checkFormModel, checkModel } from './check-model.js'
import { checkTags } from './check-tags.js'
import { decideChoices } from './choices.js'
import { editBody, leavesUsageOut } from './edit-body.js'
import { checkModelOutsideBody } from './model-outside-body.js'
import { type CeilingPlaces, findCeilings } from './find-ceilings.js'
import { needsCeiling, refuseUnreadableCeiling, type UnderCeiling } from './output-limit.js'
import { Measuring } from './measure.js'
import type { Need } from './need.js'
import type { Permit } from './permit.js'
import type { FindPolicy, Policy } from './policies.js'

/**
 * Decides whether the policy allows a request, and reads its body for that.
 *
 * A JSON body is always read whole, since one rule always applies: a client must not submit a key. Forms and media are
 * accepted only at endpoints with `media`, and stream through: of a medium only the first bytes are checked, of a form all
 * fields but files. If the policy restricts models, or several tenants use the key, a form is read whole before it is sent,
 * since the deciding field may follow the file. If the policy restricts models or tokens, a request that does not show them
 * is refused.
 *
 * @throws {Refusal} 403 `model_not_allowed`, 403 `endpoint_not_allowed`, 413 `body_too_large`, 415
 *   `media_type_unsupported`, 400 `request_malformed`, 400 `credential_in_request`, 400 `tag_invalid`.
 */
export type Police = (arrival: Arrival, principal: Principal, route: Route) => Permit | Promise<Permit>

/** Media types that may stream through, since no gateway reads them as JSON. */
const isMedia = /^\s*(?:multipart|audio|image|video)\/|^\s*application\/(?:octet-stream|pdf|sdp)\b/i
/** A media type with `json` in it, which some servers read as JSON. */
const namesJson = /^[^;]*json/i
const takesJson = 'This endpoint takes JSON. Send it with the header "Content-Type: application/json".'
const takesMedia =
  'This endpoint takes JSON, a form or a medium. Say in "Content-Type" which it is: application/json, multipart/form-data or the medium’s own type.'

/** Whether a limit may count the calls of a principal with this route that wants to know what the request says: of money, of tokens, of a model. */
export type MayCount = (principal: Principal, route: Route) => boolean

export function createPolice(findPolicy: FindPolicy, mayCount: MayCount = () => false): Police {
  return (arrival, principal, route) => {
    const policy = findPolicy(principal)
    const { dialect } = route.gateway
    checkEndpoint(policy, route.endpointPath)
    if (policy.requires.size > 0 && route.endpoint.model !== 'none') checkTags(policy, arrival, principal)
    if (policy.namesModels) checkModelOutsideBody(route, arrival.query, (model) => checkModel(policy, model))
    const underCeiling: UnderCeiling = { ceiling: policy.maxTokens, endpoint: route.endpoint }
    const mustSayCeiling = needsCeiling(underCeiling)
    const measuring = route.endpoint.costs !== 'nothing' && mayCount(principal, route) ? new Measuring(route, arrival.query) : undefined
    checkQuery({ policy, route, mustSayCeiling, measuring }, arrival.query)
    const chosen = decideChoices(dialect, policy, arrival)
    refusePackedBody(arrival.headers)
    const asksBefore = route.endpoint.streams === true || asksOutsideBody(route.endpointPath, arrival.query, arrival.headers['accept'])
    const length = declaredLength(arrival)
    if (length === 0) {
      checkEmptyBody(policy, underCeiling, mustSayCeiling)
      return { body: null, isStream: asksBefore, need: needOfOther(measuring), ...chosen }
    }
    const contentType = arrival.headers['content-type']
    const isJson = isJsonRequestType(contentType)
    const maxBytes = isJson ? Math.min(policy.maxBodyBytes, dialect.maxJsonBytes ?? Infinity) : policy.maxBodyBytes
    if (length !== undefined && length > maxBytes) throw bodyTooLarge(maxBytes, limitOf(maxBytes, policy, dialect))
    if (isJson) {
      refuseOtherReadings(arrival.headers)
      return readPermit(arrival, principal, {
        policy,
        underCeiling,
        mustSayCeiling,
        measuring,
        maxBytes,
        route,
        chosen,
        asksBefore,
      })
    }
    if (route.endpoint.media !== true || !isMedia.test(contentType ?? '') || namesJson.test(contentType as string))
      throw new Refusal('request_malformed', { message: route.endpoint.media === true ? takesMedia : takesJson, param: 'Content-Type' })
    if (mustSayCeiling) refuseUnreadableCeiling(underCeiling)
    const modelInForm = route.endpoint.model === 'body' && policy.models.length > 0
    const visitField = beginFormCheck({ policy, route })
    return passMedium(
      modelInForm ? policy : undefined,
      readMedium(arrival, { maxBytes, keyPattern: dialect.keyPattern, whole: modelInForm || visitField !== undefined, visitField }),
      // What a form asks for stands behind what it brings, so it counts as a stream.
      { ...chosen, isStream: true, need: needOfOther(measuring) },
      arrival.watch,
    )
  }
}

/** Whether `maxBytes` is the policy's limit or the gateway's; for the message. */
function limitOf(maxBytes: number, policy: Policy, { title }: Dialect): BodyLimit {
  return maxBytes < policy.maxBodyBytes ? { gateway: title } : 'policy'
}

/** Refuses a request without a body if its body must name a model or a number of tokens. */
function checkEmptyBody(policy: Policy, underCeiling: UnderCeiling, mustSayCeiling: boolean): void {
  if (underCeiling.endpoint.model === 'body') checkModel(policy, undefined)
  if (mustSayCeiling) refuseUnreadableCeiling(underCeiling)
}

/** @param policy The policy for the form's model; `undefined`: the model is not checked. */
async function passMedium(policy: Policy | undefined, reading: Promise<Medium>, known: Partial<Permit>, watch: Stopwatch): Promise<Permit> {
  const ownMs = watch.ownMs()
  const { body, fields } = await reading
  watch.waitedSince(ownMs)
  if (policy !== undefined) checkFormModel(policy, fields)
  const model = fields?.get('model')
  return { body, modelRequested: model === undefined ? undefined : brief(model), ...known }
}

/** Of a form, a medium or an empty body: Postern reads too little of it to bound what it uses. */
function needOfOther(measuring: Measuring | undefined): Need | undefined {
  measuring?.isUnbounded('Content-Type')
  return measuring?.needUnread()
}

/** The facts that are known before the body is read. */
interface BeforeBody extends BodyRules {
  readonly underCeiling: UnderCeiling
  readonly maxBytes: number
  readonly chosen: ReturnType<typeof decideChoices>
  /** Whether it asks for a stream outside of its body. */
  readonly asksBefore: boolean
}

/** How many members and items are visited in one turn of the event loop. */
const maxVisitedPerTurn = 1000

/** A received body with its facts. */
interface ReceivedBody {
  readonly before: BeforeBody
  readonly principal: Principal
  /** Whose body it is, for the turns of its reading. */
  readonly owner: string
  readonly received: Buffer
}

function readPermit(arrival: Arrival, principal: Principal, before: BeforeBody): Promise<Permit> {
  const ownMs = arrival.watch.ownMs()
  const { maxBytes, policy: limiting, route } = before
  const owner = entryOwnerOf(principal).caller
  return readBody(arrival, maxBytes, limitOf(maxBytes, limiting, route.gateway.dialect), owner).then((received) => {
    arrival.watch.waitedSince(ownMs)
    if (received.length === 0) {
      const { policy, chosen, measuring } = before
      checkEmptyBody(policy, before.underCeiling, before.mustSayCeiling)
      return {
        body: null,
        isStream: before.asksBefore,
        need: needOfOther(measuring),
        modelRequested: undefined,
        query: chosen?.query,
        headers: chosen?.headers,
      }
    }
    const looksInContent = looksEverywhere(before)
    const read = readClearBody(received, before.route.gateway.dialect.keyPattern, looksInContent, owner)
    const facts = { before, principal, owner, received }
    return read instanceof Promise ? read.then((large) => decideInTurns(large, facts)) : decide(read, facts)
  })
}

/** Whether a rule looks at members at any depth, the input of the model included: then no member may stand twice. */
function looksEverywhere({ policy, route, mustSayCeiling, measuring }: BeforeBody): boolean {
  return policy.namesModels || policy.pinUser || !route.key.mayStore || mustSayCeiling || measuring !== undefined
}

/** Decides in this turn of the event loop, unless there is more to visit than a turn allows. */
function decide(read: JsonBody, facts: ReceivedBody): Permit | Promise<Permit> {
  const model = modelOf(read)
  const walk = beginCheck(facts.before, read.members, model)
  if (walk === undefined || walk.step(maxVisitedPerTurn)) return permitBody(read, model, facts)
  return inTurns(() => walk.step(maxVisitedPerTurn), facts.owner).then(() => permitBody(read, model, facts))
}

async function decideInTurns(large: JsonBody, facts: ReceivedBody): Promise<Permit> {
  const model = modelOf(large)
  const walk = beginCheck(facts.before, large.members, model)
  if (walk !== undefined) await inTurns(() => walk.step(maxVisitedPerTurn), facts.owner)
  return permitBody(large, model, facts)
}

function permitBody(read: JsonBody, model: string | undefined, { before, principal, received }: ReceivedBody): Permit {
  const { policy, route, chosen } = before
  const { format } = route.endpoint
  const pinnedUser = policy.pinUser ? (principal.user ?? '') : undefined
  const refuseStore = !route.key.mayStore && wouldBeStored(format, read.members)
  const askForUsage = route.gateway.asksForUsage && format.id === 'chat' && leavesUsageOut(read.members)
  const edited = editBody(received, { read, dialect: route.gateway.dialect, format, pinnedUser, refuseStore, askForUsage })
  const modelRequested = model === undefined ? undefined : brief(model)
  const isStream = before.asksBefore || asksInBody(read.members)
  const need = before.measuring?.need(read.members, edited, model)
  const { outputLimit } = format
  const mayBeLowered = need?.output !== undefined && need.unbounded === undefined && outputLimit !== undefined
  const ceilings = mayBeLowered ? ceilingsOf(read, () => findCeilings(read, edited, outputLimit, onlyOne(need.models))) : undefined
  return {
    body: edited.bytes,
    isStream,
    hidesUsage: askForUsage,
    need,
    ceilings,
    modelRequested,
    query: chosen?.query,
    headers: chosen?.headers,
  }
}

/** The longest text that is kept until its ceilings are asked for, in characters: where nothing is set aside, for as long as the call takes. */
const mostKeptChars = 16_384

/** Of a small body they are found when they are asked for, which few calls do. A larger one is not kept for that. */
function ceilingsOf(read: JsonBody, find: () => CeilingPlaces): () => CeilingPlaces {
  if (read.text.length <= mostKeptChars) return find
  const found = find()
  return () => found
}

function modelOf({ members }: JsonBody): string | undefined {
  return typeof members['model'] === 'string' ? members['model'] : undefined
}

/** @throws {Refusal} 403 `endpoint_not_allowed`. */
export function checkEndpoint(policy: Policy, endpointPath: string): void {
  if (policy.endpoints.every((list) => list.allows(endpointPath))) return
  throw new Refusal('endpoint_not_allowed', { message: `The policy does not allow the endpoint ${endpointPath}.` })
}

/** The length of the body by `Content-Length`; 0 without a body, `undefined` with `Transfer-Encoding`. */
function declaredLength(arrival: Arrival): number | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = arrival.headers
  if (encoding !== undefined) return undefined
  return length === undefined ? 0 : Number(length)
}
