import { answerQuestion, refuseAsAsked } from '../answer-question.js'
import type { EmulatedKey } from '../emulated-key.js'
import type { EmulatorOptions } from '../emulator-options.js'
import type { EmulatedCall } from '../emulated-call.js'
import { refusalForState, type GatewayBehaviour } from '../gateway-behaviour.js'
import { isRecord } from '../json-value.js'
import { promptOf } from '../prompt.js'
import type { Refusals } from '../refusal.js'
import { MINTOKEN_ANTHROPIC } from './mintoken-anthropic.js'
import { MINTOKEN_GOOGLE } from './mintoken-google.js'
import { MINTOKEN_OPENAI } from './mintoken-openai.js'
import type { MintokenProvider } from './mintoken-provider.js'
import { MINTOKEN_REFUSALS, type MintokenRefusal } from './mintoken-refusals.js'

const PROVIDERS: Readonly<Record<string, MintokenProvider>> = {
  '/v1/chat/completions': MINTOKEN_OPENAI,
  '/v1/messages': MINTOKEN_ANTHROPIC,
  '/v1/generateContent': MINTOKEN_GOOGLE,
}
/** The largest body of any plan. */
const MOST_BODY_BYTES = 10 * 1024 * 1024
const INTENSITIES = ['lite', 'full', 'ultra']

/** Mintoken (https://mintoken.dev/docs): three providers behind their own request forms, paid for with the caller's provider key. */
export class Mintoken implements GatewayBehaviour {
  readonly basePath = '/v1'
  readonly refusals: Refusals = { ...MINTOKEN_REFUSALS, ...MINTOKEN_OPENAI.refusals }
  readonly variants = {
    'intensity-none': { summary: 'smart detection bypassed compression: X-Mintoken-Intensity is none' },
    'near-limit': { summary: 'a normal answer with X-Mintoken-Tokens-Used, as near the monthly limit' },
  }
  /** Mintoken docs, "API keys": the prefix is documented, alphabet and length are not. */
  readonly keyForm = /^mt_live_\S+$/
  readonly keyWords = 'mt_live_ and one or more characters that are no blanks'
  readonly refusedStates = {
    revoked: 'invalid_api_key',
    expired: 'invalid_api_key',
    'out-of-credit': 'token_quota_exceeded',
    'spend-limited': 'token_quota_exceeded',
  }
  readonly #options: EmulatorOptions

  constructor(options: EmulatorOptions) {
    this.#options = options
  }

  repeatSecret(secret: string): unknown {
    return { detail: `Request with ${secret} could not be processed` }
  }

  async handle(exchange: EmulatedCall): Promise<void> {
    const refuse = (name: MintokenRefusal) => exchange.refuse(MINTOKEN_REFUSALS[name])
    const provider = PROVIDERS[exchange.path]
    if (provider === undefined) return refuse('not_found')
    if (exchange.method !== 'POST') return refuse('method_not_allowed')
    exchange.always({ 'X-Mintoken-Intensity': intensityOf(exchange) })

    const credential = /^Bearer\s+(\S+)\s*$/i.exec(exchange.header('authorization') ?? '')?.[1]
    if (credential === undefined) return refuse('missing_api_key')
    const key = this.keyForm.test(credential) ? this.#options.keys.find(({ secret }) => secret === credential) : undefined
    if (key === undefined) return refuse('invalid_api_key')
    const state = refusalForState(this, key)
    if (state !== undefined) return refuse(state as MintokenRefusal)
    const providerKey = exchange.header('x-provider-key')?.trim() ?? ''
    if (providerKey === '') return refuse('missing_provider_key')

    exchange.always({ 'X-Mintoken-Duration-Ms': String(Date.now() - exchange.arrivedAt) })
    if (!opensProvider(key, providerKey)) return exchange.refuse(provider.refusals.provider_key_rejected)
    if (refuseAsAsked(exchange, this.#inFormOf(provider))) return
    const body = exchange.json
    if (!isRecord(body) || exchange.seen.body.length > MOST_BODY_BYTES) return refuse('bad_request')
    if (!provider.accepts(body)) return exchange.refuse(provider.refusals.provider_bad_request)
    await answerQuestion(exchange, this, {
      prompt: promptOf(body),
      answer: (pieces, variant) => {
        if (variant === 'intensity-none') exchange.always({ 'X-Mintoken-Intensity': 'none' })
        if (variant === 'near-limit') exchange.always({ 'X-Mintoken-Tokens-Used': '1950000' })
        return provider.answer(body, pieces, exchange.number, provider.streams(body, exchange.url.searchParams), variant)
      },
    })
  }

  /** This gateway, with the provider's refusals in the provider's own form. */
  #inFormOf(provider: MintokenProvider): GatewayBehaviour {
    return {
      basePath: this.basePath,
      refusals: { ...MINTOKEN_REFUSALS, ...provider.refusals },
      variants: this.variants,
      refusedStates: this.refusedStates,
      repeatSecret: (secret) => this.repeatSecret(secret),
      handle: (exchange) => this.handle(exchange),
    }
  }
}

function opensProvider({ providerSecret }: EmulatedKey, providerKey: string): boolean {
  return providerSecret === undefined || providerSecret === providerKey
}

/** Mintoken docs, "Intensity": the header or the query parameter of the request; `full` otherwise. */
function intensityOf(exchange: EmulatedCall): string {
  const asked = exchange.header('x-mintoken-intensity') ?? exchange.url.searchParams.get('intensity') ?? ''
  return INTENSITIES.includes(asked) ? asked : 'full'
}
