import { foldCase, squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'

/** The names that policy reads in an object and in objects below it. */
export interface ReadNames {
  /** For each name the names below it; none below a value that policy reads itself. */
  readonly names: ReadonlyMap<string, ReadNames>
  /** The same names as `squashName` returns them: some servers read `maxTokens`, `max.tokens` and `max_tokens ` as one name. */
  readonly squashed: ReadonlyMap<string, string>
  /** Whether policy reads anything below. */
  readonly isDeep: boolean
}

/** @param paths The paths that policy reads, each as a list of names. */
export function compileReadNames(paths: readonly (readonly string[])[]): ReadNames {
  const names = new Map<string, ReadNames>()
  for (const [name] of paths) {
    if (name === undefined || names.has(name)) continue
    names.set(name, compileReadNames(paths.flatMap(([first, ...rest]) => (first === name && rest.length > 0 ? [rest] : []))))
  }
  return {
    names,
    squashed: new Map([...names.keys()].map((name) => [squashName(name), name])),
    isDeep: [...names.values()].some((below) => below.names.size > 0),
  }
}

/**
 * Refuses a name that policy reads in another spelling, at each level down to the value: of two spellings one server could
 * take the first, another the last.
 *
 * @param members The object. `readJson` has refused repeated members in it before.
 * @throws {Refusal} 400 `request_malformed`.
 */
export function refuseOtherSpellings(members: object, { names, squashed, isDeep }: ReadNames): void {
  for (const name in members) {
    if (names.has(name)) continue
    const meant = squashed.get(squashName(name))
    if (meant !== undefined)
      throw new Refusal('request_malformed', { message: `The member ${meant} is written like this and not otherwise.`, param: meant })
  }
  if (!isDeep) return
  for (const [name, below] of names) {
    const value = (members as Readonly<Record<string, unknown>>)[name]
    if (below.names.size === 0 || !Object.hasOwn(members, name) || typeof value !== 'object' || value === null || Array.isArray(value))
      continue
    refuseTwinsOfCase(value)
    refuseOtherSpellings(value, below)
  }
}

/** Maximum number of members of an object that policy reads, as of the outermost one. Comparing more would block the event loop. */
const maxMembers = 1000

function refuseTwinsOfCase(members: object): void {
  const seen = new Set<string>()
  let count = 0
  for (const spelled in members) {
    count += 1
    if (count > maxMembers)
      throw new Refusal('request_malformed', { message: `An object that policy reads has more than ${maxMembers} members.` })
    // A name that is longer than any that policy reads is twin to none of them.
    if (spelled.length > maxNameChars) continue
    const name = foldCase(spelled)
    if (seen.has(name))
      throw new Refusal('request_malformed', { message: `The member "${name.slice(0, 64)}" stands in the body in two spellings.` })
    seen.add(name)
  }
}

/** Longer names are none that policy reads, in characters, even with a separator behind each letter. */
const maxNameChars = 128
