import { isDeepStrictEqual } from 'node:util'
import type { CheckedConfig } from '../config/check-config.js'
import { isLaxer } from './laxer-settings.js'

/** A setting that two configurations have differently. */
export interface Change {
  /** `policies.models`, `keys.acme.secret`. A list is one setting. */
  readonly path: string
  readonly what: 'added' | 'removed' | 'changed'
  /** Whether it now lets more through than before. */
  readonly laxer: boolean
}

/** Everything that differs between two configurations, their secrets and the hash ring included; without values, which may be private. */
export function changesBetween(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  return [
    ...changesOfSettings(before.config, after.config, ''),
    ...changesOfSecrets(before.secrets, after.secrets),
    ...changesOfRing(before.ring, after.ring),
  ]
}

function changesOfSettings(before: unknown, after: unknown, path: string): readonly Change[] {
  if (isDeepStrictEqual(before, after)) return []
  if (isGroup(before) && isGroup(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...names].flatMap((name) => changesOfSettings(before[name], after[name], path === '' ? name : `${path}.${name}`))
  }
  const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  return [{ path, what, laxer: isLaxer(path, before, after) }]
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A new secret is as good as the old one: none is laxer. A secret without its setting is a change of the setting. */
function changesOfSecrets(before: CheckedConfig['secrets'], after: CheckedConfig['secrets']): readonly Change[] {
  return [...after].flatMap(([path, secret]): readonly Change[] => {
    const known = before.get(path)
    if (path === ringPath || known === undefined || known.fingerprint() === secret.fingerprint()) return []
    return [{ path, what: 'changed', laxer: false }]
  })
}

const ringPath = 'callers.service.hashes'

function changesOfRing(before: CheckedConfig['ring'], after: CheckedConfig['ring']): readonly Change[] {
  const [old, recent] = [before, after].map((ring) => new Map(ring.map(({ label, digest }) => [`${label} ${digest}`, label])))
  const only = (these: Map<string, string>, those: Map<string, string>): string[] =>
    [...these].flatMap(([entry, label]) => (those.has(entry) ? [] : [label]))
  const gone = only(old as Map<string, string>, recent as Map<string, string>)
  const come = only(recent as Map<string, string>, old as Map<string, string>)
  const at = (label: string): string => `${ringPath}.${label}`
  return [
    ...come.map((label): Change => ({ path: at(label), what: gone.includes(label) ? 'changed' : 'added', laxer: !gone.includes(label) })),
    ...gone.filter((label) => !come.includes(label)).map((label): Change => ({ path: at(label), what: 'removed', laxer: false })),
  ]
}
