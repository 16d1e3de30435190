import { answerQuestion, refuseAsAsked } from '../answer-question.js'
import type { Answer } from '../answer.js'
import type { EmulatorOptions } from '../emulator-options.js'
import type { EmulatedCall } from '../emulated-call.js'
import { refusalForState, type GatewayBehaviour } from '../gateway-behaviour.js'
import { isCaseModel } from '../asked-case.js'
import { isRecord, textMember, type JsonRecord } from '../json-value.js'
import { promptOf } from '../prompt.js'
import type { Question } from '../question.js'
import { textsToEmbed } from '../embedding.js'
import { AddressBucket } from './freeai-address-bucket.js'
import {
  freeAiChat,
  freeAiEmbeddings,
  freeAiImage,
  freeAiResponses,
  freeAiSpeech,
  freeAiSpeechToSpeech,
  freeAiTranscription,
  freeAiVideo,
  type FreeAiCall,
} from './freeai-answers.js'
import { FREEAI_MODELS, answerModels, answerPublicly } from './freeai-public.js'
import { FREEAI_REFUSALS, schemaFailure, type FreeAiRefusal } from './freeai-refusals.js'
import { FREEAI_SCHEMAS } from './freeai-schema.js'

type UploadKind = 'transcription' | 'speech-to-speech'
type Kind = keyof typeof FREEAI_SCHEMAS | UploadKind

const ROUTES: Readonly<Record<string, Kind>> = {
  '/v1/chat/completions': 'chat',
  '/v1/responses': 'responses',
  '/v1/embeddings': 'embeddings',
  '/v1/images/generations': 'image',
  '/v1/videos/generations': 'video',
  '/v1/audio/speech': 'speech',
  '/v1/audio/transcriptions': 'transcription',
  '/v1/audio/speech-to-speech': 'speech-to-speech',
}
/** The models that speak. Any other model is refused with `no_tts_provider`. */
const SPEECH_MODELS = new Set(['auto', '@cf/myshell-ai/melotts', 'canopylabs/orpheus-v1-english'])
/** Hono sets it on JSON answers only: a `Response` that a route builds itself, a stream or sound, goes without. */
const REMAINING = 'X-RateLimit-Remaining'
/** What the public instance reports after the first call that follows a pause. */
const RESTED = { remaining: 9 }
const MOST_AUDIO_BYTES = 25 * 1024 * 1024
const PROJECT_ID = /^[a-zA-Z0-9._:-]{1,64}$/
const JSON_TYPE = /^application\/([a-z-.]+\+)?json(;\s*[a-zA-Z0-9-]+=[^;]+)*$/

/** Free AI Gateway (https://github.com/sass-maker/free-ai). If its code and its documents disagree, the code counts. */
export class FreeAi implements GatewayBehaviour {
  readonly basePath = '/v1'
  readonly refusals = FREEAI_REFUSALS
  readonly variants = {
    degraded: { summary: 'the first provider failed and the second one answered' },
    'video-begins': { summary: 'a provider of videos is there, and has begun one; only of videos' },
  }
  // It has no billing. The nearest to an empty account is that no provider has quota left.
  readonly refusedStates = {
    revoked: 'invalid_api_key',
    expired: 'invalid_api_key',
    'out-of-credit': 'provider_quota_exhausted',
    'spend-limited': 'provider_quota_exhausted',
  }
  readonly #options: EmulatorOptions
  readonly #bucket: AddressBucket | undefined

  constructor(options: EmulatorOptions) {
    this.#options = options
    this.#bucket = options.addressBucket === undefined ? undefined : new AddressBucket(options.addressBucket)
  }

  repeatSecret(secret: string): unknown {
    return { error: { message: `All providers failed: 400 key ${secret} not valid`, type: 'input_nonretriable' } }
  }

  async handle(exchange: EmulatedCall): Promise<void> {
    const refuse = (name: FreeAiRefusal) => exchange.refuse(FREEAI_REFUSALS[name])
    exchange.always({ 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer' })
    if (answerPublicly(exchange)) return
    if (!exchange.path.startsWith('/v1/')) return refuse('not_found')

    const rejected = this.#credentialFault(exchange)
    if (rejected !== undefined) return refuse(rejected)
    if (this.#tooSoon(exchange)) return
    if (refuseAsAsked(exchange, this)) return
    if (exchange.method === 'HEAD' && exchange.path === '/v1/models') return answerModels(exchange)
    if (exchange.method === 'GET' && exchange.path.startsWith('/v1/videos/generations/')) return refuse('video_poll_pending_upstream')
    const kind = exchange.method === 'POST' ? ROUTES[exchange.path] : undefined
    if (kind === undefined) return refuse('not_found')
    const checked = isUpload(kind) ? this.#upload(exchange, kind) : this.#question(exchange, kind)
    if (typeof checked === 'string') return refuse(checked)
    if (isQuestion(checked)) return answerQuestion(exchange, this, checked)
    exchange.sendJson(400, checked.schemaFailure)
  }

  /** `src/auth/gateway.ts`: `x-api-key` is read only if `Authorization` does not begin with exactly `Bearer `. */
  #credentialFault(exchange: EmulatedCall): FreeAiRefusal | undefined {
    if (this.#options.keys.length === 0) return 'auth_not_configured'
    const authorization = exchange.header('authorization') ?? ''
    const credential = authorization.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : exchange.header('x-api-key')
    const key = this.#options.keys.find(({ secret }) => secret === credential)
    return key === undefined ? 'invalid_api_key' : (refusalForState(this, key) as FreeAiRefusal | undefined)
  }

  #tooSoon(exchange: EmulatedCall): boolean {
    const taken = this.#bucket?.take(exchange.header('cf-connecting-ip') ?? 'unknown', Date.now()) ?? RESTED
    if ('retryAfter' in taken) {
      exchange.refuse({ ...FREEAI_REFUSALS.rate_limit_error, headers: { 'Retry-After': String(taken.retryAfter) } })
      return true
    }
    exchange.always({ [REMAINING]: String(taken.remaining) })
    return false
  }

  /**
   * Returns the question in a JSON body, or its fault: first of the schema, then of the project id, then by the rules
   * of the route.
   */
  #question(exchange: EmulatedCall, kind: Exclude<Kind, UploadKind>): Question | FreeAiRefusal | { schemaFailure: unknown } {
    const typed = JSON_TYPE.test(exchange.header('content-type') ?? '')
    // With another content type the server's schema layer sees an empty body.
    const body = typed ? exchange.json : {}
    if (body === undefined) return 'input_nonretriable'
    const issues = FREEAI_SCHEMAS[kind](body, [])
    if (issues.length > 0 || !isRecord(body)) return { schemaFailure: schemaFailure(issues) }
    const projectId = projectIdOf(exchange, textMember(body, 'project_id'))
    if (projectId === undefined) return 'invalid_project_id'
    return (
      routeFault(kind, body) ?? {
        prompt: promptOf(body),
        answer: (pieces, variant) => {
          if (kind === 'speech' || (kind === 'chat' && body['stream'] === true)) exchange.omit(REMAINING)
          return answerOf(kind, this.#call(exchange, kind, body, projectId, variant), pieces, variant)
        },
      }
    )
  }

  /** The gateway's code does not check the project id of speech to speech. */
  #upload(exchange: EmulatedCall, kind: UploadKind): Question | FreeAiRefusal {
    const file = exchange.form.file('file')
    if (file === undefined) return 'missing_file'
    if (file.length > MOST_AUDIO_BYTES) return 'file_too_large'
    const projectId = projectIdOf(exchange, exchange.form.field('project_id'))
    if (projectId === undefined && kind === 'transcription') return 'invalid_project_id'
    const model = exchange.form.field('model') ?? 'auto'
    return {
      prompt: '',
      answer: (_, variant) => {
        const call = this.#call(exchange, kind, { model }, projectId ?? '', variant)
        if (kind === 'transcription') return freeAiTranscription(call, file)
        exchange.omit(REMAINING)
        return freeAiSpeechToSpeech(file)
      },
    }
  }

  #call(exchange: EmulatedCall, kind: Kind, body: JsonRecord, projectId: string, variant?: string): FreeAiCall {
    const type = kind === 'embeddings' ? 'embedding' : 'chat'
    const forcedProvider = exchange.header('x-gateway-force-provider')
    const candidates = FREEAI_MODELS.filter((entry) => entry.type === type)
    const chosen = candidates.find(({ provider }) => provider === forcedProvider) ?? candidates[0]
    const asked = textMember(body, 'model')
    const model = exchange.header('x-gateway-force-model') ?? (asked === undefined || asked === 'auto' ? chosen?.model : asked)
    return {
      body,
      projectId,
      requestId: `00000000-0000-4000-8000-${String(exchange.number).padStart(12, '0')}`,
      model: model ?? 'auto',
      provider: chosen?.provider ?? 'workers_ai',
      degraded: variant === 'degraded',
    }
  }
}

/** If the header is present it wins, also when it is empty: then a good id in the body is not read. */
function projectIdOf(exchange: EmulatedCall, inBody: string | undefined): string | undefined {
  const candidate = (exchange.header('x-gateway-project-id') ?? inBody)?.trim() ?? ''
  return PROJECT_ID.test(candidate) ? candidate : undefined
}

function routeFault(kind: Kind, body: JsonRecord): FreeAiRefusal | undefined {
  const messages = Array.isArray(body['messages']) && body['messages'].length > 0
  if (kind === 'chat') return messages || Boolean(textMember(body, 'prompt')?.trim()) ? undefined : 'missing_input'
  if (kind === 'responses') {
    if (body['stream'] === true) return 'stream_not_supported'
    return promptOf(body).trim() === '' ? 'missing_input' : undefined
  }
  if (kind === 'embeddings') {
    if (['', 'auto'].includes((textMember(body, 'model') ?? '').trim().toLowerCase())) return 'invalid_embedding_model'
    return textsToEmbed(body['input']).length === 0 ? 'missing_input' : undefined
  }
  const model = textMember(body, 'model') ?? 'auto'
  if (kind === 'video') return model === 'emulate/video-begins' ? undefined : 'no_video_provider'
  return kind === 'speech' && !SPEECH_MODELS.has(model) && !isCaseModel(model) ? 'no_tts_provider' : undefined
}

function answerOf(kind: Exclude<Kind, UploadKind>, call: FreeAiCall, pieces: readonly string[], variant?: string): Answer {
  switch (kind) {
    case 'responses':
      return freeAiResponses(call, pieces)
    case 'embeddings':
      return freeAiEmbeddings(call)
    case 'image':
      return freeAiImage(call, pieces)
    case 'video':
      return freeAiVideo(call)
    case 'speech':
      return freeAiSpeech(call)
    case 'chat':
      return freeAiChat(call, pieces, variant)
  }
}

function isUpload(kind: Kind): kind is UploadKind {
  return kind === 'transcription' || kind === 'speech-to-speech'
}

function isQuestion(checked: Question | { schemaFailure: unknown }): checked is Question {
  return 'answer' in checked
}
