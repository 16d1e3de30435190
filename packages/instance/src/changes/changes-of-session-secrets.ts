import { isDeepStrictEqual } from 'node:util'
import { type CheckedConfig, sessionSecretReferences, sessionSecrets } from '@postern/config'
import type { Change } from './change.js'

/** Whether a setting is one of those that {@link changesOfSessionSecrets} compares. */
export function isOfSessionSecrets(path: string): boolean {
  return /^callers\.session\.secrets?(?:$|[.[])/.test(path)
}

/**
 * The change of the secrets of sessions, as one. Whether they stand under `secret` or `secrets` makes no difference, nor which of
 * them signs: it is laxer exactly if more secrets are new than are gone, as where one follows another.
 */
export function changesOfSessionSecrets(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  const [sessionBefore, sessionAfter] = [before.config.callers.session, after.config.callers.session]
  // A whole `callers.session` that comes or goes is told as that.
  if (sessionBefore === undefined || sessionAfter === undefined) return []
  const [earlier, later] = [fingerprintsOf(before), fingerprintsOf(after)]
  const areWrittenAlike = isDeepStrictEqual(sessionSecretReferences(sessionBefore), sessionSecretReferences(sessionAfter))
  if (areWrittenAlike && isDeepStrictEqual(earlier, later)) return []
  const added = later.filter((secret) => !earlier.includes(secret)).length
  const removed = earlier.filter((secret) => !later.includes(secret)).length
  const { secrets } = later.length > 0 ? sessionAfter : sessionBefore
  return [
    {
      path: secrets === undefined ? 'callers.session.secret' : 'callers.session.secrets',
      what: earlier.length === 0 ? 'added' : later.length === 0 ? 'removed' : 'changed',
      laxer: added > removed,
    },
  ]
}

function fingerprintsOf(checked: CheckedConfig): readonly string[] {
  return sessionSecrets(checked).map((secret) => secret.fingerprint())
}
