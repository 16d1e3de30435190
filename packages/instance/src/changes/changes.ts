import { isDeepStrictEqual } from 'node:util'
import type { CheckedConfig } from '@postern/config'
import { describeProxy } from '@postern/ports'
import type { Change } from './change.js'
import { changesOfSessionSecrets, isOfSessionSecrets } from './changes-of-session-secrets.js'
import { isLaxer } from './laxer-settings.js'

/** Everything that differs between two configurations, their secrets and the hash ring included; without values, which may be private. */
export function changesBetween(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  return [
    ...changesOfSettings(before.config, after.config, []).filter(({ path }) => !isOfSessionSecrets(path)),
    ...changesOfSecrets(before.secrets, after.secrets).filter(({ path }) => !isOfSessionSecrets(path)),
    ...changesOfSessionSecrets(before, after),
    ...changesOfRing(before.ring, after.ring),
    ...changesOfProxies(before, after),
  ]
}

function changesOfSettings(before: unknown, after: unknown, path: readonly string[]): readonly Change[] {
  if (isDeepStrictEqual(before, after)) return []
  if (isGroup(before) && isGroup(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...names].flatMap((name) => changesOfSettings(own(before, name), own(after, name), [...path, name]))
  }
  const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  return [{ path: path.join('.'), what, laxer: isLaxer(path, before, after) || (before === undefined && opensWithin(after, path)) }]
}

/** Whether a group that is new has a setting that lets more through than none. */
function opensWithin(added: unknown, path: readonly string[]): boolean {
  if (!isGroup(added)) return false
  return Object.entries(added).some(([name, value]) => isLaxer([...path, name], undefined, value) || opensWithin(value, [...path, name]))
}

/** A name may be one that every object inherits, such as `constructor`. */
function own(group: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(group, name) ? group[name] : undefined
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The proxies of `.env` or the environment that lead to what the configuration names, by their variable. */
function changesOfProxies(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  const [earlier, later] = [proxiesOf(before), proxiesOf(after)]
  const variables = [...new Set([...earlier.keys(), ...later.keys()])].filter((variable) => earlier.get(variable) !== later.get(variable))
  return variables.map((path) => {
    const what = earlier.has(path) ? (later.has(path) ? 'changed' : 'removed') : 'added'
    return { path, what, laxer: false }
  })
}

function proxiesOf({ config: { gateways, callers }, dialects, proxyOf }: CheckedConfig): ReadonlyMap<string, string> {
  const issuers = [...(callers.jwt ?? []), callers.session ?? {}].flatMap(({ jwks }: { readonly jwks?: string | undefined }) => jwks ?? [])
  const origins = Object.values(gateways).flatMap(({ baseURL, dialect }) => baseURL ?? dialects[dialect]?.baseURL ?? [])
  return new Map(
    [...origins, ...issuers].flatMap((url): readonly [string, string][] => {
      const proxy = proxyOf(new URL(url))
      return proxy === undefined ? [] : [[proxy.variable, JSON.stringify(describeProxy(proxy))]]
    }),
  )
}

/** A changed secret never counts as laxer. A secret that comes or goes is a change of its setting, which is told already. */
function changesOfSecrets(before: CheckedConfig['secrets'], after: CheckedConfig['secrets']): readonly Change[] {
  return [...after].flatMap(([path, secret]): readonly Change[] => {
    const known = before.get(path)
    if (path === ringPath || known === undefined || known.fingerprint() === secret.fingerprint()) return []
    return [{ path, what: 'changed', laxer: false }]
  })
}

const ringPath = 'callers.service.hashes'

function changesOfRing(before: CheckedConfig['ring'], after: CheckedConfig['ring']): readonly Change[] {
  const [digestsBefore, digestsAfter] = [digestsOf(before), digestsOf(after)]
  const at = (label: string): string => `${ringPath}.${label}`
  const removed = [...digestsBefore.keys()].filter((label) => !digestsAfter.has(label))
  return [
    ...[...digestsAfter].flatMap(([label, digest]): readonly Change[] => {
      const known = digestsBefore.get(label)
      if (known === digest) return []
      return [{ path: at(label), what: known === undefined ? 'added' : 'changed', laxer: known === undefined }]
    }),
    ...removed.map((label): Change => ({ path: at(label), what: 'removed', laxer: false })),
  ]
}

function digestsOf(ring: CheckedConfig['ring']): ReadonlyMap<string, string> {
  return new Map(ring.map(({ label, digest }) => [label, digest]))
}
