import { chatFormat, plainFormat, responsesFormat } from '../answer-format.js'
import type { Endpoints } from '../endpoint.js'
import { unmeasured, get, post } from '../endpoints.js'
import { changes, creates, deletes, free, lists, reads } from './stored.js'

/** Endpoints of the OpenAI API that a model answers, and those for answers that are stored. */
export const answerEndpoints = {
  'chat/completions': [post(chatFormat), lists('chat completion')],
  'chat/completions/{id}': [reads('chat completion'), changes('chat completion', free), deletes('chat completion')],
  'chat/completions/{id}/messages': reads('chat completion'),
  completions: post(chatFormat),

  responses: post(responsesFormat),
  'responses/compact': post(plainFormat),
  'responses/input_tokens': unmeasured,
  'responses/{id}': [reads('response', { format: responsesFormat }), deletes('response')],
  'responses/{id}/cancel': changes('response', free),
  'responses/{id}/input_items': reads('response'),

  embeddings: unmeasured,
  moderations: unmeasured,
  decisions: post(plainFormat),

  'images/generations': post(plainFormat),
  'images/edits': { ...post(plainFormat), media: true },
  'images/variations': { ...post(plainFormat), media: true },
  content_provenance_checks: { ...post(plainFormat), model: 'none', media: true },

  'audio/speech': post(plainFormat),
  'audio/transcriptions': { ...post(plainFormat), media: true },
  'audio/translations': { ...post(plainFormat), media: true },
  'audio/voices': creates('voice', { media: true }),
  'audio/voices/{id}': deletes('voice'),
  'audio/voice_consents': [creates('voice consent', { media: true }), lists('voice consent')],
  'audio/voice_consents/{id}': [reads('voice consent'), changes('voice consent', free), deletes('voice consent')],

  videos: [creates('video', { model: 'body', ceiling: 'none', media: true }), lists('video')],
  'videos/characters': creates('video character', { media: true }),
  'videos/characters/{id}': reads('video character'),
  'videos/edits': creates('video', { model: 'stored', ceiling: 'none', media: true }),
  'videos/extensions': creates('video', { model: 'stored', ceiling: 'none', media: true }),
  'videos/{id}': [reads('video'), deletes('video')],
  'videos/{id}/content': reads('video'),
  'videos/{id}/remix': creates('video', { model: 'stored', ceiling: 'none' }),

  models: get(),
  'models/{model}': [get(), deletes('model', { model: 'path' })],
} as const satisfies Endpoints
