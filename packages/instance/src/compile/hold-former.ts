import type { CheckedConfig } from '@postern/config'
import { shareLoadedKeys } from '@postern/core'
import { type LiveSecrets, type Secret, searchedSecrets, type Uses } from '@postern/ports'
import { HeldValue, type Searches, searchesFor } from '../keys/held-value.js'
import { secretsOfLeases } from './leases.js'

/** A shorter secret may be a word: answers and lines that hold it would be withheld for an hour after it was replaced by a real one. */
const shortestHeldChars = 12

/** What is searched for because a reload has replaced it, by its name and secret. A secret that comes and goes is held once. */
type FormerSecrets = Map<string, HeldValue>

/**
 * Answers and log lines are searched for another hour for what a configuration had and the next one lacks: a key that was replaced or
 * taken out may still open something, wherever it came from. Values that sources gave and keys of the ring are held so by themselves.
 */
export function holdFormer(before: CheckedConfig, after: CheckedConfig, live: LiveSecrets, uses: Uses): void {
  const gone = new Map([...before.secrets].filter(([path, secret]) => isGone(path, secret, after)))
  // Also if nothing is gone, so that the next configuration finds what this one took over.
  const held = uses.share('former secrets', null, (): FormerSecrets => new Map())
  if (gone.size === 0) return
  const loaded = shareLoadedKeys(uses)
  const keys = new Set<Secret>()
  for (const { alias, secret } of secretsOfLeases({ secrets: gone })) {
    keys.add(secret)
    hold(held, secret, alias, searchesFor(alias, loaded, live))
  }
  for (const secret of searchedSecrets(gone)) if (!keys.has(secret)) hold(held, secret, '', live)
}

function isGone(path: string, secret: Secret, { secrets }: CheckedConfig): boolean {
  return secrets.get(path)?.equals(secret) !== true && secret.length >= shortestHeldChars
}

function hold(held: FormerSecrets, secret: Secret, alias: string, searches: Searches): void {
  const name = `${alias} ${secret.fingerprint()}`
  let value = held.get(name)
  if (value === undefined) {
    const remove = (each: Secret): void => {
      held.delete(name)
      searches.remove(each)
    }
    held.set(name, (value = new HeldValue(secret, { add: (each) => searches.add(each), remove }, undefined, undefined)))
  }
  // Held for an hour from now on, also if it was held already.
  value.replace()
}
