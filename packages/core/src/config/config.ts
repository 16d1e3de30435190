/**
 * `@postern/core/config`: what checks, explains and writes a configuration, without what serves requests. Commands import
 * this entry, because the whole package takes several times as long to load.
 */
export { type CheckedConfig, type CheckResult, checkConfig } from './check-config.js'
export { ConfigError, describeProblem, type Problem } from './problem.js'
export type { SecretPlaces } from './read-secret.js'
export { regularFile } from './regular-file.js'
export type { Config, ConfigInput } from './schema.js'
export {
  formatHashRing,
  formatManifest,
  isManifest,
  parseHashRing,
  type ParsedRing,
  type RingEntry,
  type RingProblem,
} from '../identify/hash-ring.js'
export { sessionSecrets } from './session-secrets.js'
export { revocationOf } from '../store/revocations.js'
export type { RevokedKind } from '../store/store.js'
