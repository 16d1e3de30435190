import { chatFormat, plainFormat } from '../answer-format.js'
import type { Endpoints } from '../endpoint.js'
import { changes, creates, deletes, free, lists, reads, takesFrom } from './stored.js'

/** Where a request limits the output of an assistant's run. */
const runFormat = {
  ...plainFormat,
  outputLimit: {
    ...chatFormat.outputLimit,
    places: ['/max_completion_tokens'],
    copies: [],
    written: [{ place: '/max_completion_tokens' }],
  },
} as const

/** Endpoints of the OpenAI API for objects that stay at the provider: files, conversations, jobs. */
export const objectEndpoints = {
  // What is stored of a file is not billed; what reads it is.
  files: [creates('file', { media: true, ...free }), lists('file')],
  'files/{id}': [reads('file'), deletes('file')],
  'files/{id}/content': reads('file'),
  uploads: creates('upload', free),
  'uploads/{id}/parts': changes('upload', { media: true, ...free }),
  'uploads/{id}/complete': changes('upload', free),
  'uploads/{id}/cancel': changes('upload', free),

  // The file of a batch holds its requests, with their models and limits.
  batches: [creates('batch', { model: 'stored' }), lists('batch')],
  'batches/{id}': reads('batch'),
  'batches/{id}/cancel': changes('batch', free),

  conversations: creates('conversation'),
  'conversations/{id}': [reads('conversation'), changes('conversation', free), deletes('conversation')],
  'conversations/{id}/items': [changes('conversation'), reads('conversation')],
  'conversations/{id}/items/{item}': [reads('conversation'), takesFrom('conversation')],

  vector_stores: [creates('vector store'), lists('vector store')],
  'vector_stores/{id}': [reads('vector store'), changes('vector store'), deletes('vector store')],
  'vector_stores/{id}/search': changes('vector store'),
  'vector_stores/{id}/files': [changes('vector store'), reads('vector store')],
  'vector_stores/{id}/files/{file}': [reads('vector store'), changes('vector store', free), takesFrom('vector store')],
  'vector_stores/{id}/files/{file}/content': reads('vector store'),
  'vector_stores/{id}/file_batches': changes('vector store'),
  'vector_stores/{id}/file_batches/{batch}': reads('vector store'),
  'vector_stores/{id}/file_batches/{batch}/cancel': changes('vector store', free),
  'vector_stores/{id}/file_batches/{batch}/files': reads('vector store'),

  containers: [creates('container'), lists('container')],
  'containers/{id}': [reads('container'), deletes('container')],
  'containers/{id}/files': [changes('container', { media: true }), reads('container')],
  'containers/{id}/files/{file}': [reads('container'), takesFrom('container')],
  'containers/{id}/files/{file}/content': reads('container'),

  skills: [creates('skill', { media: true }), lists('skill')],
  'skills/{id}': [reads('skill'), changes('skill', free), deletes('skill')],
  'skills/{id}/content': reads('skill'),
  'skills/{id}/versions': [changes('skill', { media: true }), reads('skill')],
  'skills/{id}/versions/{version}': [reads('skill'), takesFrom('skill')],
  'skills/{id}/versions/{version}/content': reads('skill'),

  assistants: [creates('assistant', { model: 'body', ceiling: 'none' }), lists('assistant')],
  'assistants/{id}': [reads('assistant'), changes('assistant'), deletes('assistant')],
  threads: creates('thread'),
  'threads/runs': creates('thread', { model: 'body', format: runFormat }),
  'threads/{id}': [reads('thread'), changes('thread', free), deletes('thread')],
  'threads/{id}/messages': [changes('thread'), reads('thread')],
  'threads/{id}/messages/{message}': [reads('thread'), changes('thread', free), takesFrom('thread')],
  'threads/{id}/runs': [changes('thread', { model: 'body', format: runFormat }), reads('thread')],
  'threads/{id}/runs/{run}': [reads('thread'), changes('thread')],
  'threads/{id}/runs/{run}/cancel': changes('thread', free),
  'threads/{id}/runs/{run}/submit_tool_outputs': changes('thread'),
  'threads/{id}/runs/{run}/steps': reads('thread'),
  'threads/{id}/runs/{run}/steps/{step}': reads('thread'),
  'chatkit/threads': lists('chatkit thread'),
  'chatkit/threads/{id}': [reads('chatkit thread'), deletes('chatkit thread')],
  'chatkit/threads/{id}/items': reads('chatkit thread'),

  evals: [creates('eval'), lists('eval')],
  'evals/{id}': [reads('eval'), changes('eval', free), deletes('eval')],
  'evals/{id}/runs': [changes('eval', { model: 'stored' }), reads('eval')],
  'evals/{id}/runs/{run}': [reads('eval'), changes('eval'), takesFrom('eval')],
  'evals/{id}/runs/{run}/cancel': changes('eval', free),
  'evals/{id}/runs/{run}/output_items': reads('eval'),
  'evals/{id}/runs/{run}/output_items/{item}': reads('eval'),

  'fine_tuning/jobs': [creates('fine-tuning job', { model: 'body' }), lists('fine-tuning job')],
  'fine_tuning/jobs/{id}': reads('fine-tuning job'),
  'fine_tuning/jobs/{id}/cancel': changes('fine-tuning job', free),
  'fine_tuning/jobs/{id}/pause': changes('fine-tuning job', free),
  'fine_tuning/jobs/{id}/resume': changes('fine-tuning job'),
  'fine_tuning/jobs/{id}/checkpoints': reads('fine-tuning job'),
  'fine_tuning/jobs/{id}/events': reads('fine-tuning job'),
  'fine_tuning/alpha/graders/run': { methods: ['POST'], format: plainFormat, model: 'stored' },
  'fine_tuning/alpha/graders/validate': { methods: ['POST'], format: plainFormat, model: 'none', ...free },
} as const satisfies Endpoints
