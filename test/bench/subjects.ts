import { bearer } from './bearer.js'
import { Child } from './child.js'
import type { Target } from './job.js'
import { startPostern } from './postern.js'

/** A proxy that is up. */
export interface RunningSubject {
  readonly child: Child
  readonly target: Target
}

/** A proxy that is measured. */
export interface Subject {
  readonly name: string
  readonly title: string
  readonly start: (upstream: number) => Promise<RunningSubject>
}

/** What a caller asks of the upstream itself, and of every proxy but Postern. */
export function plainTarget(port: number): Target {
  return { port, path: '/v1/chat/completions', credentials: bearer('bench-caller-key') }
}

function own(name: string, title: string): Subject {
  return {
    name,
    title,
    start: async (upstream) => {
      const child = Child.own(name, [String(upstream)])
      const { port } = await child.line<{ port: number }>()
      return { child, target: plainTarget(port) }
    },
  }
}

/** Every subject, in the order of a round. */
export const subjects: readonly Subject[] = [
  own('bare-limit', 'bare limit: node:http + undici dispatch'),
  own('bare-pipe', 'bare pipe: node:http + http.request'),
  own('express-stack', 'Express 5 + helmet + express-rate-limit + undici'),
  { name: 'postern', title: 'Postern', start: (upstream) => startPostern(upstream) },
]
