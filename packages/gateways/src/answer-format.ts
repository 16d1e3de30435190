import type { Pointer } from './pointer.js'

/** How a stream of this format marks its complete end. */
export type StreamEnd =
  /** An event whose data is exactly this text, such as `[DONE]`. */
  | { readonly data: string }
  /** An event whose JSON `type` is one of these. */
  | { readonly types: readonly string[] }

/** Where an answer keeps its token counts. Of several places, the first that holds a number counts. */
export interface UsagePlaces {
  readonly input: readonly Pointer[]
  /** Parts of the input that the count at {@link input} leaves out; they are added to it. */
  readonly besideInput?: readonly Pointer[]
  readonly output: readonly Pointer[]
  /** Parts of the output that the count at {@link output} leaves out; they are added to it. */
  readonly besideOutput?: readonly Pointer[]
  readonly cached: readonly Pointer[]
  readonly reasoning: readonly Pointer[]
  readonly total: readonly Pointer[]
}

/** Where a request limits the length of its answers. */
export interface OutputLimit {
  /** The limit in tokens. Every place that holds one is checked; an error names the first place. */
  readonly places: readonly Pointer[]
  /** How many answers to each prompt are asked for; of several places, the greatest number counts. */
  readonly copies: readonly Pointer[]
  /** The prompts. A list of prompts is answered once for each prompt; a list of tokens is one prompt. */
  readonly prompts?: readonly Pointer[]
  /** Names of the limit in other APIs. They are checked as well, but do not replace one of {@link places}. */
  readonly others?: readonly Pointer[]
  /** Members that start agents, whose output the limit does not bound. */
  readonly beside?: readonly Pointer[]
  /** Where Postern writes a limit if the request has none: the first place whose `models` the model's name matches. */
  readonly written: readonly WrittenLimit[]
  /** The limit counts what is thought too (Messages API, `budget_tokens`; Gemini API, `thinkingBudget`). Elsewhere some gateways count it apart. */
  readonly countsThinking?: true
}

/** A place for the limit of an answer's length. */
export interface WrittenLimit {
  readonly place: Pointer
  /** Default: every model. */
  readonly models?: RegExp
}

/** Models that think before they answer: they refuse `max_tokens` (OpenAI API, "Reasoning models"). */
const thinkingModels = /(?:^|[/:])(?:o\d|gpt-(?:[5-9]|\d\d))/i

/** The shape of an answer: the API that it follows, whichever gateway sends it. */
export interface AnswerFormat {
  readonly id: 'chat' | 'responses' | 'messages' | 'generate-content' | 'plain'
  readonly model: readonly Pointer[]
  readonly usage: UsagePlaces
  /** Where a request names its user. */
  readonly user?: { readonly member: string; readonly within?: string }
  /** `undefined` if answers have no length in tokens, or requests cannot limit it. */
  readonly outputLimit?: OutputLimit
  /** Whether the provider stores the answer, readable by its id, unless the request says `"store": false`. */
  readonly storedUnlessRefused?: true
  /** `undefined` if the API has no end mark: then a clean close of the connection is the end. */
  readonly streamEnd: StreamEnd | undefined
  /** JSON `type` of the events that report a failed answer, besides events with an `error`. */
  readonly failureTypes?: readonly string[]
  /** Whether the `openai` client's helpers need `choices` in each event of a stream. */
  readonly recordsNeedChoices: boolean
  /** Whether the `openai` client's helpers need a `type` in each event of a stream. */
  readonly recordsNeedType?: boolean
}

/** Names of the limit in the APIs that gateways translate from and to. */
const otherCeilings = ['/max_new_tokens', '/max_tokens_to_sample', '/max_length', '/max_gen_len', '/num_predict'] as const

/** Names of the number of answers in those APIs. */
const otherCopies = ['/num_return_sequences', '/num_generations', '/num_completions', '/candidate_count', '/sample_count'] as const

/** Members with which a request starts agents. */
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
  // `best_of` answers are written and paid for; `n` of them are sent.
  outputLimit: {
    places: ['/max_tokens', '/max_completion_tokens'],
    copies: ['/n', '/best_of', ...otherCopies],
    prompts: ['/prompt', '/prompt_embeds', '/prompts', '/inputs', '/messages'],
    others: ['/max_output_tokens', ...otherCeilings],
    beside: besideAnswers,
    written: [{ place: '/max_completion_tokens', models: thinkingModels }, { place: '/max_tokens' }],
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
    written: [{ place: '/max_output_tokens' }],
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
    // What is read from the cache and what is written to it is counted apart (Anthropic API, "Prompt caching").
    besideInput: [
      '/usage/cache_read_input_tokens',
      '/message/usage/cache_read_input_tokens',
      '/usage/cache_creation_input_tokens',
      '/message/usage/cache_creation_input_tokens',
    ],
    output: ['/usage/output_tokens', '/message/usage/output_tokens'],
    cached: ['/usage/cache_read_input_tokens', '/message/usage/cache_read_input_tokens'],
    reasoning: [],
    total: [],
  },
  user: { member: 'metadata', within: 'user_id' },
  outputLimit: {
    countsThinking: true,
    places: ['/max_tokens'],
    copies: ['/n', '/best_of', ...otherCopies],
    prompts: ['/prompt', '/prompts', '/messages'],
    others: ['/max_completion_tokens', '/max_output_tokens', ...otherCeilings],
    beside: besideAnswers,
    written: [{ place: '/max_tokens' }],
  },
  streamEnd: { types: ['message_stop'] },
  recordsNeedChoices: false,
}

/** Google generateContent: every event carries the counts so far, and nothing marks the end. */
export const generateContentFormat: AnswerFormat = {
  id: 'generate-content',
  model: ['/modelVersion'],
  usage: {
    input: ['/usageMetadata/promptTokenCount'],
    output: ['/usageMetadata/candidatesTokenCount'],
    besideOutput: ['/usageMetadata/thoughtsTokenCount'],
    cached: ['/usageMetadata/cachedContentTokenCount'],
    reasoning: ['/usageMetadata/thoughtsTokenCount'],
    total: ['/usageMetadata/totalTokenCount'],
  },
  // Google reads each name in camelCase and in snake_case.
  outputLimit: {
    countsThinking: true,
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
    written: [{ place: '/generationConfig/maxOutputTokens' }],
  },
  streamEnd: undefined,
  recordsNeedChoices: false,
}

const { outputLimit: _limit, user: _user, ...chatAnswer } = chatFormat
/** Any other answer. Facts are read where a chat completion has them; neither an end mark nor `choices` are expected. */
export const plainFormat: AnswerFormat = { ...chatAnswer, id: 'plain', streamEnd: undefined, recordsNeedChoices: false }

/** Every format by its id. */
export const answerFormats: Readonly<Record<AnswerFormat['id'], AnswerFormat>> = {
  chat: chatFormat,
  responses: responsesFormat,
  messages: messagesFormat,
  'generate-content': generateContentFormat,
  plain: plainFormat,
}
