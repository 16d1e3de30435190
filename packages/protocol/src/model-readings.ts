import { compileNamePattern } from './name-pattern.js'

/** Folders in which gateways keep models: they are no part of a name (`publishers/google/models/gemini-2.5-pro`). */
const folders = new Set(['models', 'model', 'publishers', 'deployments', 'engines'])

/**
 * What a gateway adds behind a model's name: a variant or tag (`:nitro`, `@latest`), or a version, by its day, month or number
 * (`-2024-08-06`, `-20250219`, `-08-2024`, `-05-20`, `-0613`, `-001`, `-v2`) or by a word (`-latest`, `-preview`).
 */
const variant = /[:@+~][^:@+~]*$/
const version = /-(?:latest|preview|exp|experimental|stable|\d{4}-\d{2}-\d{2}|\d{2}-\d{4}|\d{2}-\d{2}|\d{8}|\d{6}|\d{3,4}|v\d{1,2})$/
const allVariants = /[:@+~].*$/

/** How many variants and versions behind a name are taken away one by one; then all. */
const mostSuffixes = 8

/** The longest name that is read, in characters. */
const maxNameChars = 256
const plainName = /^[\w.:/@+~=-]+$/

/** Whether every gateway reads a name as one model. What is longer, or has other characters, some could read as any. */
export function isPlainModel(name: string): boolean {
  return name.length <= maxNameChars && plainName.test(name)
}

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
 * @param name One that {@link isPlainModel} takes: the work grows with the square of its length.
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
  let left = name
  for (let taken = 0; taken <= mostSuffixes; taken += 1) {
    names.add(left)
    left = withoutSuffix(left, variant)
  }
  // Without the variants that are left, and then without the version in front of them.
  names.add(withoutSuffix(withoutSuffix(left, allVariants), allVariants))
}

/** Takes a variant away; if there is none, the version. */
function withoutSuffix(name: string, suffix: RegExp): string {
  const lastPart = name.lastIndexOf('/') + 1
  const last = name.slice(lastPart)
  const shorter = suffix.test(last) ? last.replace(suffix, '') : last.replace(version, '')
  return shorter === '' ? name : name.slice(0, lastPart) + shorter
}

/**
 * Compiles a pattern of models for whoever counts: it matches every name that a gateway could read as one of them. A name without a
 * provider is also one of the pattern without its provider (`gpt-4o` of `openai/gpt-4o`, any of `openai/*`).
 *
 * @returns A function that takes what {@link modelReadings} gives.
 */
export function compileModelReading(pattern: string): (readings: ModelReadings) => boolean {
  const folded = pattern.toLowerCase()
  const whole = compileNamePattern(folded)
  const last = compileNamePattern(folded.slice(folded.lastIndexOf('/') + 1))
  return ({ names, isBare }) => names.some((name) => whole(name) || (isBare && last(name)))
}
