import { answerQuestion, refuseAsAsked } from '../answer-question.js'
import { jsonAnswer, streamAnswer, type Answer } from '../answer.js'
import { completionBody, firstHalf, usageOf, type Completion, type Usage } from '../chat-completion.js'
import type { EmulatorOptions } from '../emulator-options.js'
import { DONE, dataEvent } from '../event-stream.js'
import type { EmulatedCall } from '../emulated-call.js'
import { refusalForState, type GatewayBehaviour } from '../gateway-behaviour.js'
import { isRecord, textMember, type JsonRecord } from '../json-value.js'
import { promptOf, promptTokensOf } from '../prompt.js'
import { ONYSOFT_REFUSALS, type OnysoftRefusal } from './onysoft-refusals.js'
import { OnysoftTasks } from './onysoft-tasks.js'

const MOST_BODY_BYTES = 10 * 1024 * 1024
/** `/v1/audio/speech` is not documented: it was seen in the code of customers. */
const SPEECH_BYTES = 20_000
const GENERATE = /^\/v1\/(video|image|audio|voice|music)\/generate$/
const STATUS = /^\/v1\/(?:video|image|audio|voice|music)\/status\/([^/]+)$/

/** Onysoft AI Gateway (https://api.onysoft.com/docs): chat completions, and tasks for images and sound. */
export class Onysoft implements GatewayBehaviour {
  readonly basePath = '/v1'
  readonly refusals = ONYSOFT_REFUSALS
  readonly variants = {}
  /** Onysoft docs, "Authentication": `sk-ony-` and 48 hexadecimal digits, for every type of key. */
  readonly keyForm = /^sk-ony-[0-9a-f]{48}$/
  readonly keyWords = 'sk-ony- and 48 digits from 0 to 9 and a to f'
  readonly refusedStates = {
    revoked: 'invalid_api_key',
    expired: 'invalid_api_key',
    'out-of-credit': 'insufficient_balance',
    'spend-limited': 'monthly_token_limit_exceeded',
  }
  readonly #options: EmulatorOptions
  readonly #tasks = new OnysoftTasks()

  constructor(options: EmulatorOptions) {
    this.#options = options
  }

  repeatSecret(secret: string): unknown {
    return { success: false, error: { code: 'bad_request', message: `${secret} anahtarı bu istek için kullanılamaz` } }
  }

  async handle(exchange: EmulatedCall): Promise<void> {
    const refuse = (name: OnysoftRefusal) => exchange.refuse(ONYSOFT_REFUSALS[name])
    const credential = /^Bearer\s+(\S+)\s*$/i.exec(exchange.header('authorization') ?? '')?.[1] ?? ''
    const key = this.keyForm.test(credential) ? this.#options.keys.find(({ secret }) => secret === credential) : undefined
    if (key === undefined) return refuse('invalid_api_key')
    const state = refusalForState(this, key)
    if (state !== undefined) return refuse(state as OnysoftRefusal)
    if (exchange.seen.body.length > MOST_BODY_BYTES) return refuse('payload_too_large')
    if (refuseAsAsked(exchange, this)) return

    const taskId = exchange.method === 'GET' ? STATUS.exec(exchange.path)?.[1] : undefined
    if (taskId !== undefined) {
      const status = this.#tasks.status(taskId)
      return status === undefined ? refuse('not_found') : exchange.sendJson(200, status)
    }
    const kind = GENERATE.exec(exchange.path)?.[1]
    const chat = exchange.path === '/v1/chat/completions'
    const speech = exchange.path === '/v1/audio/speech'
    if (exchange.method !== 'POST' || (kind === undefined && !chat && !speech)) return refuse('not_found')

    const body = exchange.json
    if (!isRecord(body) || !textMember(body, 'model')) return refuse('bad_request')
    if (kind !== undefined) {
      return answerQuestion(exchange, this, {
        prompt: promptOf(body),
        answer: () => jsonAnswer(this.#tasks.create(kind, body), {}, 202),
      })
    }
    if (speech) {
      const bytes = Buffer.alloc(SPEECH_BYTES, textMember(body, 'input') ?? 'silence')
      return answerQuestion(exchange, this, {
        prompt: '',
        answer: () => ({ form: 'body', headers: { 'content-type': 'audio/mpeg' }, bytes }),
      })
    }
    if (!Array.isArray(body['messages']) || body['messages'].length === 0) return refuse('bad_request')
    if (!within(body['temperature'], 2) || !within(body['top_p'], 1)) return refuse('bad_request')
    await answerQuestion(exchange, this, {
      prompt: promptOf(body),
      answer: (pieces, variant) => chatAnswer(exchange, body, pieces, variant),
    })
  }
}

function within(value: unknown, most: number): boolean {
  return value === undefined || value === null || (typeof value === 'number' && value >= 0 && value <= most)
}

function chatAnswer(exchange: EmulatedCall, body: JsonRecord, pieces: readonly string[], variant?: string): Answer {
  const id = `req_${exchange.number.toString(16).padStart(24, '0')}`
  const completion: Completion = { id, model: textMember(body, 'model') ?? '', pieces, promptTokens: promptTokensOf(body) }
  const usage = usageOf(completion)
  const cost = costOf(usage)
  if (body['stream'] !== true) return jsonAnswer({ ...completionBody(completion), cost })

  // Onysoft docs, "Streaming": the chunks have an id and choices, and the choices a delta; nothing else.
  const chunks = pieces.map((content) => dataEvent({ id, object: 'chat.completion.chunk', choices: [{ delta: { content } }] }))
  // The documents do not say how a stream fails: send the envelope of every other error, and no [DONE].
  if (variant === 'stream-error') return streamAnswer([...firstHalf(chunks), dataEvent(ONYSOFT_REFUSALS.server_error.body)])
  return streamAnswer([...chunks, dataEvent({ id, object: 'chat.completion.chunk', choices: [], usage, cost }), DONE])
}

/** Onysoft docs, "Chat completions": the price of the call, in US dollars. */
function costOf(usage: Usage): { amount: number; currency: string } {
  const micros = usage.prompt_tokens * 15 + usage.completion_tokens * 60
  return { amount: micros / 1_000_000, currency: 'USD' }
}
