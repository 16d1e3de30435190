import { type AnswerFormat, chatFormat, plainFormat, responsesFormat } from './answer-format.js'
import type { Endpoint } from './endpoint.js'

export function post(format: AnswerFormat): Endpoint {
  return { methods: ['POST'], format }
}

export function get(format: AnswerFormat = plainFormat): Endpoint {
  return { methods: ['GET'], format }
}

export const chatEndpoints = { 'chat/completions': post(chatFormat) } as const

/** What gateways that follow the OpenAI API usually have. */
export const openaiEndpoints = {
  ...chatEndpoints,
  completions: post(chatFormat),
  embeddings: post(plainFormat),
  responses: post(responsesFormat),
  models: get(),
  'images/generations': post(plainFormat),
  'audio/speech': post(plainFormat),
  'images/edits': { ...post(plainFormat), media: true },
  'audio/transcriptions': { ...post(plainFormat), media: true },
  'audio/translations': { ...post(plainFormat), media: true },
  files: { methods: ['GET', 'POST'], format: plainFormat, media: true },
} as const
