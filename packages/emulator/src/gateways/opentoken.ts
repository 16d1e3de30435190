import { answerQuestion, refuseAsAsked } from '../answer-question.js'
import { isCaseModel } from '../asked-case.js'
import { jsonAnswer, streamAnswer, type Answer } from '../answer.js'
import { completionBody, completionChunks, emptyChunk, firstHalf, usageOf, type Completion } from '../chat-completion.js'
import { embed, encodeVector, textsToEmbed } from '../embedding.js'
import type { EmulatorOptions } from '../emulator-options.js'
import { DONE, dataEvent } from '../event-stream.js'
import type { EmulatedCall } from '../emulated-call.js'
import { refusalForState, type GatewayBehaviour } from '../gateway-behaviour.js'
import { isRecord, textMember, type JsonRecord } from '../json-value.js'
import { promptOf, promptTokensOf } from '../prompt.js'
import { countWords } from '../reply.js'
import {
  OPENTOKEN_CHAT_FIELDS,
  OPENTOKEN_CHAT_MODELS,
  OPENTOKEN_EMBEDDING_FIELDS,
  OPENTOKEN_EMBEDDING_MODEL,
  openTokenModelList,
} from './opentoken-models.js'
import { OPENTOKEN_REFUSALS, type OpenTokenRefusal } from './opentoken-refusals.js'

const ROUTES = new Set(['POST /v1/chat/completions', 'POST /v1/embeddings', 'GET /v1/models'])

/** OpenToken (https://opentoken.kr/docs): chat completions, embeddings, the model list and a health check. */
export class OpenToken implements GatewayBehaviour {
  readonly basePath = '/v1'
  readonly refusals = OPENTOKEN_REFUSALS
  readonly variants = {}
  readonly refusedStates = {
    revoked: 'invalid_key',
    expired: 'expired_key',
    'out-of-credit': 'insufficient_credit',
    'spend-limited': 'spend_limit_exceeded',
  }
  readonly #options: EmulatorOptions

  constructor(options: EmulatorOptions) {
    this.#options = options
  }

  repeatSecret(secret: string): unknown {
    return { error: { message: `api key ${secret} was rejected`, type: 'invalid_request_error', code: null } }
  }

  async handle(exchange: EmulatedCall): Promise<void> {
    const refuse = (name: OpenTokenRefusal) => exchange.refuse(OPENTOKEN_REFUSALS[name])
    const route = `${exchange.method} ${exchange.path}`
    if (route === 'GET /health') return exchange.sendJson(200, { status: 'ok' })
    if (!ROUTES.has(route)) return refuse('not_found')

    const rejected = this.#credentialFault(exchange, route)
    if (rejected !== undefined) return refuse(rejected)
    if (refuseAsAsked(exchange, this)) return
    if (route === 'GET /v1/models') return exchange.sendJson(200, openTokenModelList())

    const body = exchange.json
    if (!isRecord(body)) return refuse('invalid_request_error')
    const chat = route === 'POST /v1/chat/completions'
    const fault = chat ? chatFault(body) : embeddingFault(body)
    if (fault !== undefined) return refuse(fault)
    await answerQuestion(exchange, this, {
      prompt: promptOf(body),
      answer: (pieces, variant) => (chat ? chatAnswer(exchange, body, pieces, variant) : embeddingAnswer(body)),
    })
  }

  /** OpenToken docs, "Authentication": Bearer and nothing else. The spend limit of a key holds for chat completions only. */
  #credentialFault(exchange: EmulatedCall, route: string): OpenTokenRefusal | undefined {
    const credential = /^Bearer\s+(\S+)\s*$/i.exec(exchange.header('authorization') ?? '')?.[1]
    if (credential === undefined) return 'missing_auth'
    const key = this.#options.keys.find(({ secret }) => secret === credential)
    if (key === undefined) return 'invalid_key'
    const fault = refusalForState(this, key) as OpenTokenRefusal | undefined
    if (fault === 'spend_limit_exceeded' && route !== 'POST /v1/chat/completions') return undefined
    return fault === 'insufficient_credit' && route === 'GET /v1/models' ? undefined : fault
  }
}

function chatFault(body: JsonRecord): OpenTokenRefusal | undefined {
  const model = textMember(body, 'model')
  if (model === undefined || !Array.isArray(body['messages']) || body['messages'].length === 0) return 'invalid_request_error'
  if (Object.keys(body).some((field) => !OPENTOKEN_CHAT_FIELDS.has(field))) return 'invalid_request_error'
  if (!OPENTOKEN_CHAT_MODELS.includes(model) && !isCaseModel(model)) return 'model_not_found'
  const tools = body['tools'] !== undefined || body['tool_choice'] !== undefined
  return tools && model.startsWith('anthropic/') ? 'unsupported_parameter' : undefined
}

function embeddingFault(body: JsonRecord): OpenTokenRefusal | undefined {
  const model = textMember(body, 'model')
  if (model === undefined || textsToEmbed(body['input']).length === 0) return 'invalid_request_error'
  if (Object.keys(body).some((field) => !OPENTOKEN_EMBEDDING_FIELDS.has(field))) return 'invalid_request_error'
  if (model === OPENTOKEN_EMBEDDING_MODEL || isCaseModel(model)) return undefined
  return OPENTOKEN_CHAT_MODELS.includes(model) ? 'embeddings_unsupported' : 'model_not_found'
}

/** OpenToken docs, "Usage": the details are parts of the totals, not additions. */
function openTokenUsage(completion: Completion): unknown {
  return {
    ...usageOf(completion),
    prompt_tokens_details: { cached_tokens: 0, cache_creation_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  }
}

function chatAnswer(exchange: EmulatedCall, body: JsonRecord, pieces: readonly string[], variant?: string): Answer {
  const model = textMember(body, 'model') ?? ''
  const id = `chatcmpl-${String(exchange.number).padStart(12, '0')}`
  const completion: Completion = { id, model, pieces, promptTokens: promptTokensOf(body) }
  const usage = openTokenUsage(completion)
  if (body['stream'] !== true) return jsonAnswer({ ...completionBody(completion), usage })

  const chunks = completionChunks(completion).map((chunk) => dataEvent(chunk))
  // OpenToken docs, "Streaming": a late failure is one plain data line with the error envelope, and [DONE] still follows.
  if (variant === 'stream-error') {
    return streamAnswer([...firstHalf(chunks), dataEvent(OPENTOKEN_REFUSALS.upstream_error.body), DONE])
  }
  // The usage event is always sent; no request can ask for it or switch it off.
  return streamAnswer([...chunks, dataEvent({ ...emptyChunk(completion), usage }), DONE])
}

function embeddingAnswer(body: JsonRecord): Answer {
  const texts = textsToEmbed(body['input'])
  const dimensions = typeof body['dimensions'] === 'number' ? body['dimensions'] : 768
  const tokens = texts.reduce((sum, text) => sum + countWords(text), 0)
  const data = texts.map((text, index) => {
    const vector = embed(text, dimensions)
    return { object: 'embedding', index, embedding: body['encoding_format'] === 'base64' ? encodeVector(vector) : vector }
  })
  return jsonAnswer({ object: 'list', data, model: body['model'], usage: { prompt_tokens: tokens, total_tokens: tokens } })
}
