import { type AnswerFormat, chatFormat, plainFormat } from './answer-format.js'
import type { Endpoint } from './endpoint.js'

/** An endpoint for POST that runs the model that its body names. */
export function post(format: AnswerFormat): Endpoint {
  return { methods: ['POST'], format, model: 'body' }
}

/** An endpoint for GET that runs no model, and costs nothing. */
export function get(format: AnswerFormat = plainFormat): Endpoint {
  return { methods: ['GET'], format, model: 'none', costs: 'nothing' }
}

/** An endpoint for POST that runs a model whose answers have no length in tokens, such as embeddings and videos. */
export const unmeasured: Endpoint = { ...post(plainFormat), ceiling: 'none' }

/** The endpoint of chat completions, as the OpenAI API has it. */
export const chatEndpoints = { 'chat/completions': post(chatFormat) } as const
