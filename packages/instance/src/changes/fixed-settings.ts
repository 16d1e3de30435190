import { isDeepStrictEqual } from 'node:util'
import { type CheckedConfig, type Problem, problem } from '@postern/config'
import { addressesOfStores } from '@postern/ports'

/** The reason of a problem with a setting that cannot change. */
export const cannotChange = 'cannot change while Postern runs.'

type Config = CheckedConfig['config']

/** Settings that are used once, at the start, wherever Postern runs: where state is kept, and what holds for a connection as long as it is open. */
const fixedEverywhere: readonly (readonly [path: string, read: (config: Config) => unknown])[] = [
  ['store', ({ store }) => store],
  ['replicas', ({ replicas }) => replicas],
  // What is known of an open connection goes by these.
  ['connections', ({ connections }) => connections],
  ['listen.trustedProxies', ({ listen }) => listen.trustedProxies],
]

/** The same for the listeners of the process; an application has its own. */
const fixedWithListeners: typeof fixedEverywhere = [
  ['listen.host', ({ listen }) => listen.host],
  ['listen.port', ({ listen }) => listen.port],
  ['listen.workers', ({ listen }) => listen.workers],
  ['listen.keepAlive', ({ listen }) => listen.keepAlive],
  ['backend.connections', ({ backend }) => backend?.connections],
  ['admin', ({ admin }) => (admin === undefined ? undefined : { ...admin, secret: undefined, credentials: undefined })],
  ['admin.secret', ({ admin }) => admin?.secret !== undefined],
  // Whether the admin listener asks for a credential; with a secret it does anyway.
  ['admin.credentials', ({ admin }) => admin?.secret === undefined && admin?.credentials !== undefined],
  ['audit', ({ audit }) => audit],
  ['ledger', ({ ledger }) => ledger],
  ['health', ({ health }) => health],
  ['telemetry', ({ telemetry }) => telemetry],
  // With a backend, the server reads requests in another way from its first byte.
  ['backend', ({ backend }) => backend !== undefined],
]

/**
 * A problem for each setting that differs and cannot change while the process runs.
 *
 * @param hasListeners Whether the listeners are Postern's own.
 */
export function fixedSettingsChanged(before: CheckedConfig, after: CheckedConfig, hasListeners: boolean): readonly Problem[] {
  const fixed = hasListeners ? [...fixedEverywhere, ...fixedWithListeners] : fixedEverywhere
  const changed = fixed.filter(([, read]) => !isDeepStrictEqual(read(before.config), read(after.config))).map(([path]) => path)
  for (const path of addressesOfStores)
    if (before.secrets.get(path)?.fingerprint() !== after.secrets.get(path)?.fingerprint()) changed.push(path)
  return changed.map((path) => problem(path, cannotChange, 'Restart Postern with it, or write what it was before and reload again.'))
}
