import type { Pointer } from './pointer.js'

/** How a stream of this format says that it is whole. */
export type StreamEnd =
  /** A record whose data is exactly this text, such as `[DONE]`. */
  | { readonly data: string }
  /** A record whose JSON `type` is one of these. */
  | { readonly types: readonly string[] }

/** Where an answer keeps its token counts; of several places the first that holds a number counts. */
export interface UsagePlaces {
  readonly input: readonly Pointer[]
  readonly output: readonly Pointer[]
  readonly cached: readonly Pointer[]
  readonly reasoning: readonly Pointer[]
  readonly total: readonly Pointer[]
}

/** Where a request says how long its answer may become. */
export interface OutputLimit {
  /** In tokens; each that is there counts. The first is the one to write. */
  readonly places: readonly Pointer[]
  /** How many answers are asked for at once; of several places the greatest number counts. */
  readonly copies: readonly Pointer[]
  /** What is answered: a list of prompts is answered once for each, a list of a prompt's tokens once. */
  readonly prompts?: readonly Pointer[]
  /** What other APIs call the ceiling: it counts where it stands, and is none without one of {@link places}. */
  readonly others?: readonly Pointer[]
  /** What stands there writes as much as it likes, beside the answer that the ceiling bounds. */
  readonly beside?: readonly Pointer[]
}

/** The shape of an answer: whose API it follows, whichever gateway sends it. */
export interface AnswerFormat {
  readonly id: 'chat' | 'responses' | 'messages' | 'generate-content' | 'plain'
  readonly model: readonly Pointer[]
  readonly usage: UsagePlaces
  /** Where a request says who its user is. */
  readonly user?: { readonly member: string; readonly within?: string }
  /** `undefined` where answers have no length in tokens, or their requests no limit. */
  readonly outputLimit?: OutputLimit
  /** Whether an answer stays at the provider, to be asked for by its id, unless its request says `"store": false`. */
  readonly storedUnlessRefused?: true
  /** `undefined` where the API has no such mark: then a clean end of the connection is the end. */
  readonly streamEnd: StreamEnd | undefined
  /** The JSON `type` of records that say that the answer failed, besides records with an `error`. */
  readonly failureTypes?: readonly string[]
  /** Whether each record of a stream must have `choices`, for the `openai` client's helpers to accept it. */
  readonly recordsNeedChoices: boolean
  /** Whether each record of a stream must have a `type`, for the `openai` client's helpers to accept it. */
  readonly recordsNeedType?: boolean
}

/** Names of a ceiling in the APIs that gateways translate from and to. */
const otherCeilings = ['/max_new_tokens', '/max_tokens_to_sample', '/max_length', '/max_gen_len', '/num_predict'] as const

/** Names of a number of answers in those APIs. */
const otherCopies = ['/num_return_sequences', '/num_generations', '/num_completions', '/candidate_count', '/sample_count'] as const

/** Agents that a request sets to work. */
const besideAnswers = ['/multi_agent', '/agents', '/subagents'] as const

/** OpenAI chat completions, completions and embeddings. */
export const chatFormat: AnswerFormat = {
  id: 'chat',
  model: ['/model'],
  usage: {
    input: ['/usage/prompt_tokens', '/usage/input_tokens'],
    output: ['/usage/completion_tokens', '/usage/output_tokens'],
    cached: ['/usage/prompt_tokens_details/cached_tokens'],
    reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
    total: ['/usage/total_tokens'],
  },
  user: { member: 'user' },
  // Of `best_of` answers that are written, `n` are sent; the others are paid for as well.
  outputLimit: {
    places: ['/max_tokens', '/max_completion_tokens'],
    copies: ['/n', '/best_of', ...otherCopies],
    prompts: ['/prompt', '/prompt_embeds', '/prompts', '/inputs', '/messages'],
    others: ['/max_output_tokens', ...otherCeilings],
    beside: besideAnswers,
  },
  streamEnd: { data: '[DONE]' },
  recordsNeedChoices: true,
}

/** OpenAI Responses: in streams the last event wraps the whole response. */
export const responsesFormat: AnswerFormat = {
  id: 'responses',
  model: ['/model', '/response/model'],
  usage: {
    input: ['/usage/input_tokens', '/response/usage/input_tokens'],
    output: ['/usage/output_tokens', '/response/usage/output_tokens'],
    cached: ['/usage/input_tokens_details/cached_tokens', '/response/usage/input_tokens_details/cached_tokens'],
    reasoning: ['/usage/output_tokens_details/reasoning_tokens', '/response/usage/output_tokens_details/reasoning_tokens'],
    total: ['/usage/total_tokens', '/response/usage/total_tokens'],
  },
  user: { member: 'user' },
  outputLimit: {
    places: ['/max_output_tokens'],
    copies: ['/n', '/best_of', ...otherCopies],
    prompts: ['/input', '/inputs', '/prompts', '/messages'],
    others: ['/max_tokens', '/max_completion_tokens', ...otherCeilings],
    beside: besideAnswers,
  },
  storedUnlessRefused: true,
  streamEnd: { types: ['response.completed', 'response.incomplete', 'response.failed'] },
  failureTypes: ['response.failed', 'error'],
  recordsNeedChoices: false,
  recordsNeedType: true,
}

/** Anthropic messages: input tokens come with the first event, output tokens with the last but one. */
export const messagesFormat: AnswerFormat = {
  id: 'messages',
  model: ['/model', '/message/model'],
  usage: {
    input: ['/usage/input_tokens', '/message/usage/input_tokens'],
    output: ['/usage/output_tokens', '/message/usage/output_tokens'],
    cached: ['/usage/cache_read_input_tokens', '/message/usage/cache_read_input_tokens'],
    reasoning: [],
    total: [],
  },
  user: { member: 'metadata', within: 'user_id' },
  outputLimit: {
    places: ['/max_tokens'],
    copies: ['/n', '/best_of', ...otherCopies],
    prompts: ['/prompt', '/prompts', '/messages'],
    others: ['/max_completion_tokens', '/max_output_tokens', ...otherCeilings],
    beside: besideAnswers,
  },
  streamEnd: { types: ['message_stop'] },
  recordsNeedChoices: false,
}

/** Google generateContent: every record carries the counts so far, and nothing marks the end. */
export const generateContentFormat: AnswerFormat = {
  id: 'generate-content',
  model: ['/modelVersion'],
  usage: {
    input: ['/usageMetadata/promptTokenCount'],
    output: ['/usageMetadata/candidatesTokenCount'],
    cached: ['/usageMetadata/cachedContentTokenCount'],
    reasoning: ['/usageMetadata/thoughtsTokenCount'],
    total: ['/usageMetadata/totalTokenCount'],
  },
  // Google's JSON is read in either spelling of a name.
  outputLimit: {
    places: [
      '/generationConfig/maxOutputTokens',
      '/generationConfig/max_output_tokens',
      '/generation_config/maxOutputTokens',
      '/generation_config/max_output_tokens',
    ],
    copies: [
      '/generationConfig/candidateCount',
      '/generationConfig/candidate_count',
      '/generation_config/candidateCount',
      '/generation_config/candidate_count',
    ],
    prompts: ['/contents', '/requests', '/prompts', '/messages'],
    beside: besideAnswers,
  },
  streamEnd: undefined,
  recordsNeedChoices: false,
}

/** Anything else: read as far as it looks like an OpenAI answer, and nothing is expected of it. */
const { outputLimit: _limit, user: _user, ...chatAnswer } = chatFormat
export const plainFormat: AnswerFormat = { ...chatAnswer, id: 'plain', streamEnd: undefined, recordsNeedChoices: false }

/** Every format by its id. */
export const answerFormats: Readonly<Record<AnswerFormat['id'], AnswerFormat>> = {
  chat: chatFormat,
  responses: responsesFormat,
  messages: messagesFormat,
  'generate-content': generateContentFormat,
  plain: plainFormat,
}
