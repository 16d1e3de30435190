import { isDeepStrictEqual } from 'node:util'
import { addressesOfSources, type CheckedConfig, labelInRing } from '@postern/config'
import { describeProxy } from '@postern/ports'
import type { Change } from './change.js'
import { changesOfSessionSecrets, isOfSessionSecrets } from './changes-of-session-secrets.js'
import { type ChangedSetting, isLaxer } from './laxer-settings.js'

/** Everything that differs between two configurations, their secrets and the hash ring included; without values, which may be private. */
export function changesBetween(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  const settings = changesOfSettings(before.config, after.config, { path: [], earlier: before, later: after })
  return [
    ...[...settings, ...changesOfSecrets(before, after)].filter(({ path }) => !isOfSessionSecrets(path) && !isOfPrices(path)),
    ...changesOfPrices(before.prices, after.prices),
    ...changesOfSessionSecrets(before, after),
    ...changesOfRing(before.ring, after.ring),
    ...changesOfProxies(before, after),
  ]
}

/** Prices are compared as they hold, wherever they are written. */
function isOfPrices(path: string): boolean {
  return /^limits\.prices(?:$|\.)/.test(path)
}

/** The change of the prices, as one. Any change may let more through, since a lower price does. */
function changesOfPrices(before: CheckedConfig['prices'], after: CheckedConfig['prices']): readonly Change[] {
  if (isDeepStrictEqual(before, after)) return []
  return [{ path: 'limits.prices', what: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed', laxer: true }]
}

function changesOfSettings(before: unknown, after: unknown, setting: ChangedSetting): readonly Change[] {
  if (isDeepStrictEqual(before, after)) return []
  const { path } = setting
  if (isGroup(before) && isGroup(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...names].flatMap((name) => changesOfSettings(own(before, name), own(after, name), { ...setting, path: [...path, name] }))
  }
  const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  return [{ path: path.join('.'), what, laxer: isLaxer(setting, before, after) }]
}

/** A name may be one that every object inherits, such as `constructor`. */
function own(group: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(group, name) ? group[name] : undefined
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The proxies of `.env` or the environment that lead to what the configuration names, by their variable. Any change of one may
 * let more through: it is another way for keys and answers.
 */
function changesOfProxies(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  const [earlier, later] = [proxiesOf(before), proxiesOf(after)]
  const variables = [...new Set([...earlier.keys(), ...later.keys()])].filter((variable) => earlier.get(variable) !== later.get(variable))
  return variables.map((path) => {
    const what = earlier.has(path) ? (later.has(path) ? 'changed' : 'removed') : 'added'
    return { path, what, laxer: true }
  })
}

function proxiesOf({ config, dialects, proxyOf }: CheckedConfig): ReadonlyMap<string, string> {
  const { gateways, callers } = config
  const issuers = [...(callers.jwt ?? []), callers.session ?? {}].flatMap(({ jwks }: { readonly jwks?: string | undefined }) => jwks ?? [])
  const origins = Object.values(gateways).flatMap(({ baseURL, dialect }) => baseURL ?? dialects[dialect]?.baseURL ?? [])
  return new Map(
    [...origins, ...issuers, ...addressesOfSources(config)].flatMap((url): readonly [string, string][] => {
      const proxy = proxyOf(new URL(url))
      return proxy === undefined ? [] : [[proxy.variable, JSON.stringify(describeProxy(proxy))]]
    }),
  )
}

/**
 * A secret that comes or goes is a change of its setting, which is told already. Another secret in the same place lets nobody
 * do more, with one exception: where a gateway key is no longer the same as another one, both have fewer tenants.
 */
function changesOfSecrets(before: CheckedConfig, after: CheckedConfig): readonly Change[] {
  const stillOfSeveral = new Set(keysOfSeveral(after))
  const opensStored = keysOfSeveral(before).some((alias) => !stillOfSeveral.has(alias))
  return [...after.secrets].flatMap(([path, secret]): readonly Change[] => {
    const known = before.secrets.get(path)
    if (path === ringPath || known === undefined || known.equals(secret)) return []
    return [{ path, what: 'changed', laxer: opensStored && path.startsWith('keys.') }]
  })
}

/** The keys of several tenants, under which nothing may be stored. */
function keysOfSeveral({ tenants }: CheckedConfig): readonly string[] {
  return [...tenants].filter(([, { several }]) => several).map(([alias]) => alias)
}

const ringPath = 'callers.service.hashes'

function changesOfRing(before: CheckedConfig['ring'], after: CheckedConfig['ring']): readonly Change[] {
  const [digestsBefore, digestsAfter] = [digestsOf(before), digestsOf(after)]
  const callers = new Set(before.map(({ label }) => label))
  const at = (label: string): string => `${ringPath}.${label}`
  const removed = [...digestsBefore.keys()].filter((label) => !digestsAfter.has(label))
  return [
    ...after.flatMap((entry): readonly Change[] => {
      const label = labelInRing(entry)
      const known = digestsBefore.get(label)
      if (known === entry.digest) return []
      // A further credential of a caller lets nobody else in.
      return [{ path: at(label), what: known === undefined ? 'added' : 'changed', laxer: !callers.has(entry.label) }]
    }),
    ...removed.map((label): Change => ({ path: at(label), what: 'removed', laxer: false })),
  ]
}

function digestsOf(ring: CheckedConfig['ring']): ReadonlyMap<string, string> {
  return new Map(ring.map((entry) => [labelInRing(entry), entry.digest]))
}
