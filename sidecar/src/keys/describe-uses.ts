import type { RingKey } from '@postern/instance'
import type { SecretUses } from '@postern/ports'

/** The secrets of a rotation; once it is over, the one that is in use, those that have leaked, and those that are forgotten. */
export type UsedName = 'old' | 'new' | 'current' | 'leaked' | 'forgotten'

/** How often a secret was sent since the rotation began, in words for programs; the times are ISO 8601. */
export interface Used {
  readonly calls: number
  readonly first_used?: string
  readonly last_used?: string
}

/** The uses of a key's secrets by their names, in the order in which they are shown. Empty if the key was never rotated. */
export type UsesByName = Partial<Record<UsedName, Used>>

/**
 * Adds up how often each secret of a key was sent since its rotation began.
 *
 * @param uses As the store has them.
 */
export function describeUses(key: RingKey, uses: readonly SecretUses[]): UsesByName {
  const named = new Map<UsedName, SecretUses[]>(
    key.rotation === undefined
      ? []
      : [
          ['old', []],
          ['new', []],
        ],
  )
  for (const each of uses) {
    const name = nameOf(key, each.since)
    named.set(name, [...(named.get(name) ?? []), each])
  }
  return Object.fromEntries([...named].map(([name, of]) => [name, addUp(of)]))
}

function nameOf({ rotation, secrets }: RingKey, since: number): UsedName {
  const secret = secrets.find((each) => each.since === since)
  if (secret === undefined) return 'forgotten'
  const { role, leaked } = secret
  if (rotation === undefined) return role === 'current' ? 'current' : leaked === true ? 'leaked' : 'forgotten'
  return role === (rotation.stage === 'promoted' ? 'current' : 'next') ? 'new' : 'old'
}

function addUp(uses: readonly SecretUses[]): Used {
  if (uses.length === 0) return { calls: 0 }
  return {
    calls: uses.reduce((sum, { calls }) => sum + calls, 0),
    first_used: new Date(Math.min(...uses.map(({ firstAt }) => firstAt))).toISOString(),
    last_used: new Date(Math.max(...uses.map(({ lastAt }) => lastAt))).toISOString(),
  }
}

/** What the audit says of a stage: the last use of the old secret, the first and the last of the new one, and how many calls each had. */
export function usesInAudit({ old, new: next }: UsesByName): Readonly<Record<string, string | number>> {
  const told = {
    old_calls: old?.calls,
    old_last_used: old?.last_used,
    new_calls: next?.calls,
    new_first_used: next?.first_used,
    new_last_used: next?.last_used,
  }
  return Object.fromEntries(Object.entries(told).filter((entry): entry is [string, string | number] => entry[1] !== undefined))
}

/**
 * The rows of a table: the secret, how many calls it was sent with, the first and the last.
 *
 * @param nowMs For how long ago that was. Default: that is not said, since nothing is counted any more.
 */
export function rowsOfUses(uses: UsesByName, nowMs?: number): readonly (readonly string[])[] {
  return Object.entries(uses).map(([name, { calls, first_used: first, last_used: last }]) => [
    name,
    String(calls),
    first === undefined ? 'never' : first,
    last === undefined
      ? 'never'
      : `${last}${nowMs === undefined ? '' : `, ${Math.max(0, Math.round((nowMs - Date.parse(last)) / 1000))} s ago`}`,
  ])
}
