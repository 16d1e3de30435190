import type { CheckedConfig, ConfigInput, Problem } from '@postern/config'
import type { Scope } from '@postern/ports'

/** Settings that only a server of Postern's own can keep, with what does the same inside an application. */
const withoutEffect: readonly (readonly [path: string, fix: string])[] = [
  ['listen.keepAlive', 'Set keepAliveTimeout of your own server.'],
  ['listen.workers', 'Begin several processes of your own, with a store that they share.'],
  ['connections.perAddress', 'Bound the connections of your own server, or in front of it.'],
  ['backend', 'Remove it: the application is the backend itself.'],
  ['admin', 'Remove it. To end sessions, pass a store and use "postern session revoke".'],
  ['health', 'Answer probes in the application.'],
  ['telemetry', 'Pass a witness to postern(): it is told what is counted here.'],
  ['log.access', 'Keep the access log of your own server.'],
  ['audit', 'Write down yourself who calls replace() of the middleware.'],
  [
    'ledger',
    'Pass a ledger of your own as "ledger": createSqliteLedger of @postern/stores/ledger opens this one, or createPostgresLedger of @postern/stores/postgres-ledger.',
  ],
  ['reload', 'Call replace() of the middleware with what you have read.'],
  ['shutdown', 'Call drain() and close() of the middleware, and cut() when you have waited long enough.'],
]

/** Warnings of what a configuration promises and the middleware does not do. */
export function settingsWithoutEffect(config: ConfigInput): readonly Problem[] {
  return withoutEffect
    .filter(([path]) => isWritten(config, path))
    .map(([path, fix]) => ({ severity: 'warning', path, reason: 'has no effect inside an Express application.', fix }))
}

/** Warns of a store that is passed and forgets, where the configuration names one that remembers. */
export function storeInstead({ config: { store } }: CheckedConfig, passed: Scope | undefined): readonly Problem[] {
  const named = (['sqlite', 'redis', 'postgres'] as const).find((place) => store?.[place] !== undefined)
  if (named === undefined || passed !== 'process') return []
  const reason = 'is not the store that is passed, which this process alone knows: what it keeps, such as revocations, ends with it.'
  const fix = 'Pass what openStore of @postern/stores opens, or write store: { memory: true }.'
  return [{ severity: 'warning', path: `store.${named}`, reason, fix }]
}

function isWritten(config: unknown, path: string): boolean {
  let at = config
  for (const name of path.split('.')) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined
  return at !== undefined
}
