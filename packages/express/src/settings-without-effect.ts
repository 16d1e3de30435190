import type { ConfigInput, Problem } from '@postern/config'

/** Settings that only a server of Postern's own can keep, with what does the same inside an application. */
const withoutEffect: readonly (readonly [path: string, fix: string])[] = [
  ['listen.keepAlive', 'Set keepAliveTimeout of your own server.'],
  ['connections.perAddress', 'Bound the connections of your own server, or in front of it.'],
  ['backend', 'Remove it: the application is the backend itself.'],
  ['admin', 'Remove it. To end sessions, pass a store and use "postern session revoke".'],
  ['health', 'Answer probes in the application.'],
  ['audit', 'Write down yourself who calls replace() of the middleware.'],
  ['reload', 'Call replace() of the middleware with what you have read.'],
  ['shutdown', 'Call drain() and close() of the middleware, and cut() when you have waited long enough.'],
]

/** Warnings of what a configuration promises and the middleware does not do. */
export function settingsWithoutEffect(config: ConfigInput): readonly Problem[] {
  return withoutEffect
    .filter(([path]) => isWritten(config, path))
    .map(([path, fix]) => ({ severity: 'warning', path, reason: 'has no effect inside an Express application.', fix }))
}

function isWritten(config: unknown, path: string): boolean {
  let at = config
  for (const name of path.split('.')) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined
  return at !== undefined
}
