import { bearer } from './bearer.js'
import { callerKey } from './headers.js'
import type { Target } from './job.js'

/** What a caller asks of the upstream itself, and of every proxy but Postern. */
export function plainTarget(port: number): Target {
  return { port, path: '/v1/chat/completions', credentials: bearer(callerKey) }
}
