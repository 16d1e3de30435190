import { answerQuestion, refuseAsAsked } from '../answer-question.js'
import { jsonAnswer, streamAnswer, type Answer } from '../answer.js'
import { completionBody, completionChunks, emptyChunk, firstHalf, secondsNow, type Completion } from '../chat-completion.js'
import type { EmulatorOptions } from '../emulator-options.js'
import { DONE, dataEvent } from '../event-stream.js'
import type { EmulatedCall } from '../emulated-call.js'
import { refusalForState, type GatewayBehaviour } from '../gateway-behaviour.js'
import { isRecord, textMember, type JsonRecord } from '../json-value.js'
import { picturesOf } from '../picture.js'
import { promptOf, promptTokensOf } from '../prompt.js'
import { responseBody, responseEvents } from '../responses-form.js'
import { joyTokenAbout, joyTokenCatalogue } from './joytoken-catalogue.js'
import { JOYTOKEN_PLAN, JOYTOKEN_TIERS, joyTokenMetadata, routedModel, type JoyTokenTier } from './joytoken-metadata.js'
import { JOYTOKEN_REFUSALS, type JoyTokenRefusal } from './joytoken-refusals.js'

type Kind = 'chat' | 'responses' | 'image' | 'about'

/** Only the first path is documented; the others are in the vendor's SDKs. */
const KINDS: Readonly<Record<string, Kind>> = {
  '/openai/v1/chat/completions': 'chat',
  '/openai/v1/responses': 'responses',
  '/openai/v1/images/generations': 'image',
  '/api/v1/models/meta': 'about',
  '/api/v1/pricing': 'about',
}
const MOST_BODY_BYTES = 8 * 1024 * 1024
const FAILED_RUN = { error: { message: 'the run failed', type: 'server_error' }, choices: [] }

/** JoyToken (https://docs-dev.joytokens.ai): `POST /openai/v1/chat/completions` and the public `GET /api/v1/models`. */
export class JoyToken implements GatewayBehaviour {
  readonly basePath = '/openai/v1'
  readonly refusals = JOYTOKEN_REFUSALS
  readonly refusedStates = {
    revoked: 'invalid_api_key',
    expired: 'invalid_api_key',
    'out-of-credit': 'insufficient_quota',
    'spend-limited': 'insufficient_quota',
  }
  readonly variants = {
    'error-in-200': { summary: 'a failed run reported with status 200 and an error object' },
    'metadata-array': { summary: 'metadata is an array, as the Go SDK says the live gateway sends it' },
    'metadata-first': { summary: 'the metadata record comes before the text of the stream' },
    'metadata-with-choices': { summary: 'the metadata record carries choices: []' },
    'without-metadata': { summary: 'no metadata at all' },
    failover: { summary: 'a provider failed and another one served: X-DAOE-Failover on the stream' },
    orchestration: { summary: 'the gateway ran several steps: plan, one metadata entry a step, orchestration chunks' },
  }
  readonly #options: EmulatorOptions

  constructor(options: EmulatorOptions) {
    this.#options = options
  }

  repeatSecret(secret: string): unknown {
    return { error: { message: `the key ${secret} cannot be used for this request`, type: 'invalid_request_error' } }
  }

  async handle(exchange: EmulatedCall): Promise<void> {
    const refuse = (name: JoyTokenRefusal) => exchange.refuse(JOYTOKEN_REFUSALS[name])
    if (exchange.path === '/api/v1/models') {
      if (exchange.method !== 'GET') return refuse('method_not_allowed')
      return refuseAsAsked(exchange, this) ? undefined : exchange.sendJson(200, joyTokenCatalogue(exchange.url.searchParams))
    }
    const kind = KINDS[exchange.path]
    if (kind === undefined) return refuse('not_found')
    if (exchange.method !== (kind === 'about' ? 'GET' : 'POST')) return refuse('method_not_allowed')

    const credential = credentialOf(exchange)
    if (credential === undefined) return refuse('missing_api_key')
    const key = this.#options.keys.find(({ secret }) => secret === credential)
    if (key === undefined) return refuse('invalid_api_key')
    const state = refusalForState(this, key)
    if (state !== undefined) return refuse(state as JoyTokenRefusal)
    if (refuseAsAsked(exchange, this)) return
    if (kind === 'about') return exchange.sendJson(200, joyTokenAbout(exchange.path))

    const body = exchange.json
    const fault = kind === 'chat' ? faultIn(exchange) : faultInFurther(exchange)
    if (fault !== undefined || !isRecord(body)) return refuse(fault ?? 'invalid_request_error')
    await answerQuestion(exchange, this, {
      prompt: promptOf(body),
      answer: (pieces, variant) => this.#answer(exchange, kind, body, pieces, variant),
    })
  }

  #answer(exchange: EmulatedCall, kind: Kind, body: JsonRecord, pieces: readonly string[], variant?: string): Answer {
    const tier = (body['tier'] ?? 'standard') as JoyTokenTier
    const model = routedModel(textMember(body, 'model'), tier)
    const requestId = exchange.header('x-request-id') ?? `req-${exchange.arrivedAt}${exchange.number}`
    const completion: Completion = { id: `chatcmpl-${requestId}`, model, pieces, promptTokens: promptTokensOf(body) }
    const metadata = metadataOf(completion, tier, requestId, variant)
    const headers = {
      'X-DAOE-Used-Model': model,
      'X-DAOE-Used-Provider': model.includes('/') ? model.slice(0, model.indexOf('/')) : 'openai',
      ...(variant === 'failover' && body['stream'] === true ? { 'X-DAOE-Failover': 'true' } : {}),
    }
    if (kind === 'image') return jsonAnswer({ created: secondsNow(), data: picturesOf(pieces.join('')), metadata }, headers)
    if (kind === 'responses') {
      if (body['stream'] !== true) return jsonAnswer(responseBody(completion, { metadata }), headers)
      // No sample of such a stream is documented; the metadata event is the one that chat streams append.
      return streamAnswer([...responseEvents(completion), dataEvent({ metadata }), DONE], headers)
    }
    if (body['stream'] !== true) {
      if (variant === 'error-in-200') return jsonAnswer(FAILED_RUN, headers)
      const plan = variant === 'orchestration' ? { plan: JOYTOKEN_PLAN } : {}
      return jsonAnswer({ ...completionBody(completion), ...plan, ...(metadata === undefined ? {} : { metadata }) }, headers)
    }
    return streamAnswer(eventsOf(completion, metadata, variant), headers)
  }
}

/** JoyToken docs, "Authentication": `X-API-Key` is read first when both are present. */
function credentialOf(exchange: EmulatedCall): string | undefined {
  const apiKey = exchange.header('x-api-key')?.trim()
  if (apiKey !== undefined && apiKey !== '') return apiKey
  return /^Bearer\s+(\S+)\s*$/i.exec(exchange.header('authorization') ?? '')?.[1]
}

/** JoyToken docs, "Create chat completion" and "Errors". */
function faultIn({ json, seen }: EmulatedCall): JoyTokenRefusal | undefined {
  if (seen.body.length > MOST_BODY_BYTES || !isRecord(json)) return 'invalid_request_error'
  const { messages, tier, stream, temperature, top_p: topP, max_tokens: maxTokens } = json
  if (!Array.isArray(messages) || messages.length === 0) return 'invalid_request_error'
  if (stream !== undefined && typeof stream !== 'boolean') return 'invalid_request_error'
  if (!within(temperature, 0, 2) || !within(topP, 0, 1) || !within(maxTokens, 1, Infinity)) return 'invalid_request_error'
  if (maxTokens !== undefined && maxTokens !== null && !Number.isInteger(maxTokens)) return 'invalid_request_error'
  return tier === undefined || JOYTOKEN_TIERS.includes(tier as JoyTokenTier) ? undefined : 'policy_rejected'
}

function faultInFurther({ json, seen }: EmulatedCall): JoyTokenRefusal | undefined {
  const asks = isRecord(json) && (textMember(json, 'prompt') ?? json['input']) !== undefined
  return asks && seen.body.length <= MOST_BODY_BYTES ? undefined : 'invalid_request_error'
}

function within(value: unknown, least: number, most: number): boolean {
  return value === undefined || value === null || (typeof value === 'number' && value >= least && value <= most)
}

function metadataOf(completion: Completion, tier: JoyTokenTier, requestId: string, variant?: string): unknown {
  const metadata = joyTokenMetadata(completion, tier, requestId)
  if (variant === 'without-metadata') return undefined
  if (variant === 'metadata-array') return [metadata]
  if (variant !== 'orchestration') return metadata
  return JOYTOKEN_PLAN.map(({ seq, task_id: taskId }) => ({ ...metadata, task_id: taskId, task_seq: seq, task_status: 'completed' }))
}

/** The events of a stream, with the metadata event before `[DONE]`; it has no `choices` unless a case asks for them. */
function eventsOf(completion: Completion, metadata: unknown, variant?: string) {
  if (variant === 'error-in-200') return [dataEvent(FAILED_RUN)]
  // Chunks carry no usage: it is in metadata.billing.
  const chunks = completionChunks(completion).map((chunk) => dataEvent(chunk))
  if (variant === 'stream-error') {
    return [...firstHalf(chunks), dataEvent({ error: { message: 'provider connection lost', type: 'upstream_error' }, choices: [] })]
  }
  const record = metadata === undefined ? [] : [dataEvent(variant === 'metadata-with-choices' ? { choices: [], metadata } : { metadata })]
  if (variant === 'metadata-first') return [...record, ...chunks, DONE]
  return [...(variant === 'orchestration' ? orchestrationOf(completion) : []), ...chunks, ...record, DONE]
}

function orchestrationOf(completion: Completion) {
  const running = JOYTOKEN_PLAN.map((task) => ({ ...task, task_seq: task.seq, task_status: 'running' }))
  return [{ phase: 'planning', plan: JOYTOKEN_PLAN }, ...running].map((orchestration) =>
    dataEvent({ ...emptyChunk(completion), orchestration }),
  )
}
