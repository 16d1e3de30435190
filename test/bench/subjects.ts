import { Child } from './child.js'
import type { Target } from './job.js'
import { hasNginx, startNginx } from './nginx.js'
import type { NodeLine } from './node-line.js'
import { plainTarget } from './plain-target.js'
import { startPortkey } from './portkey.js'
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
  /** Whether it stands beside the others for JSON requests alone; `--subjects` may ask for it elsewhere. */
  readonly jsonOnly: boolean
  /** Whether it is somebody else's product, which `--peers` installs and measures. Default: no. */
  readonly isPeer?: boolean
  readonly start: (upstream: number, node: NodeLine) => Promise<RunningSubject>
}

function own(name: string, title: string, jsonOnly = false): Subject {
  return {
    name,
    title,
    jsonOnly,
    start: async (upstream, node) => {
      const child = Child.own(name, [String(upstream)], node)
      const { port } = await child.line<{ port: number }>()
      return { child, target: plainTarget(port) }
    },
  }
}

const nginx: Subject = { name: 'nginx', title: 'nginx, which adds a header', jsonOnly: true, start: startNginx }

/** Beside the others only where it is asked for: it is installed apart. */
const portkey: Subject = { name: 'portkey', title: 'Portkey’s gateway 1.15.2', jsonOnly: true, isPeer: true, start: startPortkey }

/** Every subject, in the order of a round. */
export const subjects: readonly Subject[] = [
  ...(hasNginx ? [nginx] : []),
  own('bare-limit', 'bare limit: node:http + undici dispatch'),
  own('bare-pipe', 'bare pipe: node:http + http.request'),
  own('fastify-reply-from', 'Fastify + @fastify/reply-from', true),
  own('express-proxy', 'Express 5 + http-proxy-middleware', true),
  own('express-stack', 'Express 5 + helmet + express-rate-limit + undici'),
  own('express-by-hand', 'the same, doing by hand what Postern does', true),
  portkey,
  { name: 'postern', title: 'Postern', jsonOnly: false, start: (upstream, node) => startPostern(upstream, { node }) },
]
