import { countWords } from './reply.js'
import type { JsonRecord } from './json-value.js'

/** What a model said, before it takes the form of JSON or of chunks. */
export interface Completion {
  id: string
  model: string
  pieces: readonly string[]
  promptTokens: number
}

export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
}

export function usageOf({ pieces, promptTokens }: Completion): Usage {
  const completionTokens = countWords(pieces.join(''))
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens }
}

/** A `chat.completion` object as OpenAI defines it. */
export function completionBody(completion: Completion): JsonRecord {
  return {
    id: completion.id,
    object: 'chat.completion',
    created: secondsNow(),
    model: completion.model,
    choices: [{ index: 0, message: { role: 'assistant', content: completion.pieces.join('') }, finish_reason: 'stop' }],
    usage: usageOf(completion),
  }
}

/**
 * The `chat.completion.chunk` objects of a stream: first the role, then the text, then an empty delta with the finish
 * reason.
 */
export function completionChunks(completion: Completion): JsonRecord[] {
  const chunk = (delta: JsonRecord, finishReason: string | null) => ({
    ...emptyChunk(completion),
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  })
  return [
    chunk({ role: 'assistant', content: '' }, null),
    ...completion.pieces.map((content) => chunk({ content }, null)),
    chunk({}, 'stop'),
  ]
}

/** A chunk without a choice, for what a gateway adds after the text. */
export function emptyChunk({ id, model }: Completion): JsonRecord {
  return { id, object: 'chat.completion.chunk', created: secondsNow(), model, choices: [] }
}

export function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}

/** The first half of a stream, which is sent before the stream fails. */
export function firstHalf<Item>(items: readonly Item[]): Item[] {
  return items.slice(0, Math.max(1, items.length >> 1))
}
