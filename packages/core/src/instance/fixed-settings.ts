import { isDeepStrictEqual } from 'node:util'
import type { CheckedConfig } from '../config/check-config.js'
import { type Problem, problem } from '../config/problem.js'

type Config = CheckedConfig['config']

/** Settings that are used once, at the start: where the listeners are, and where state is kept. */
const fixed: readonly (readonly [path: string, read: (config: Config) => unknown])[] = [
  ['listen.host', ({ listen }) => listen.host],
  ['listen.port', ({ listen }) => listen.port],
  ['listen.keepAlive', ({ listen }) => listen.keepAlive],
  ['admin', ({ admin }) => (admin === undefined ? undefined : { ...admin, secret: undefined })],
  ['admin.secret', ({ admin }) => admin?.secret !== undefined],
  ['store', ({ store }) => store],
  ['replicas', ({ replicas }) => replicas],
  // With a backend, the server reads requests in another way from its first byte.
  ['backend', ({ backend }) => backend !== undefined],
]

/** A problem for each setting that differs and cannot change while the process runs. */
export function fixedSettingsChanged(before: CheckedConfig, after: CheckedConfig): readonly Problem[] {
  const changed = fixed.filter(([, read]) => !isDeepStrictEqual(read(before.config), read(after.config))).map(([path]) => path)
  if (before.secrets.get('store.redis')?.fingerprint() !== after.secrets.get('store.redis')?.fingerprint()) changed.push('store.redis')
  return changed.map((path) =>
    problem(path, 'cannot change while Postern runs.', 'Restart Postern with it, or write what it was before and reload again.'),
  )
}
