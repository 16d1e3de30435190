import { compileNamePattern } from './name-pattern.js'

/** Folders in which gateways keep models: they are no part of a name (`publishers/google/models/gemini-2.5-pro`). */
const folders = new Set(['models', 'model', 'publishers', 'deployments', 'engines'])

/** What a gateway adds behind a model's name: a variant or tag (`:nitro`, `@latest`), or the day of a version (`-2024-08-06`, `-20250219`, `-latest`). */
const variant = /[:@+~].*$/
const version = /-(?:latest|\d{4}-\d{2}-\d{2}|\d{8})$/

/** Of a name with more parts, the last ones are read. */
const mostParts = 8

/** How gateways could read a model's name. */
export interface ModelReadings {
  /** In small letters, the name itself first. */
  readonly names: readonly string[]
  /** Whether it names no provider. */
  readonly isBare: boolean
}

/**
 * The names by which a gateway could read a model's name: without a provider in front, slashes that say nothing, a folder, a variant or a
 * version behind.
 *
 * @example `models/OpenAI/gpt-4o:nitro` could be `openai/gpt-4o` and `gpt-4o`.
 */
export function modelReadings(name: string): ModelReadings {
  const folded = name.toLowerCase()
  const parts = folded
    .replace(/^~+/, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .slice(-mostParts)
  const models = parts.filter((part) => !folders.has(part))
  const names = new Set([folded])
  for (const each of [parts, models])
    for (let from = 0; from < each.length; from += 1) addWithoutSuffixes(names, each.slice(from).join('/'))
  return { names: [...names], isBare: models.length < 2 }
}

function addWithoutSuffixes(names: Set<string>, name: string): void {
  for (let left = name, former = ''; left !== former; ) {
    names.add(left)
    former = left
    left = withoutSuffix(left)
  }
}

/** Takes the variant away, and then the version. */
function withoutSuffix(name: string): string {
  const lastPart = name.lastIndexOf('/') + 1
  const [before, last] = [name.slice(0, lastPart), name.slice(lastPart)]
  const shorter = last.replace(variant, '')
  if (shorter !== last) return shorter === '' ? name : before + shorter
  const unversioned = last.replace(version, '')
  return unversioned === '' ? name : before + unversioned
}

/**
 * Compiles a pattern of models for whoever counts: it matches every name that a gateway could read as one of them. A name without a
 * provider is also one of the pattern without its provider (`gpt-4o` of `openai/gpt-4o`), but for a pattern of all models of a provider.
 *
 * @returns A function that takes what {@link modelReadings} gives.
 */
export function compileModelReading(pattern: string): (readings: ModelReadings) => boolean {
  const folded = pattern.toLowerCase()
  const whole = compileNamePattern(folded)
  const bare = folded.slice(folded.lastIndexOf('/') + 1)
  const last = /^\**$/.test(bare) ? () => false : compileNamePattern(bare)
  return ({ names, isBare }) => names.some((name) => whole(name) || (isBare && last(name)))
}
