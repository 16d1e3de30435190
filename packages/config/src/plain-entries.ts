import type { Secret } from '@postern/ports'
import { nameFault } from '@postern/protocol'
import type { Config } from './schema.js'
import { noteUnusualKeys } from './unusual-keys.js'
import { aliasFault, type SecretReference } from './schema-parts.js'

type Key = Config['keys'][string]
type Binding = Config['bindings'][number]

/** A key, and its place. */
export class LocatedKey {
  readonly alias: string
  readonly part: Key
  /** Its secrets, once they were read. */
  secret: Secret | undefined
  providerSecret: Secret | undefined

  constructor(alias: string, part: Key) {
    this.alias = alias
    this.part = part
    this.secret = undefined
    this.providerSecret = undefined
  }

  /** `keys.acme`. It is told in problems alone, so it is not kept. */
  get path(): string {
    return `keys.${this.alias}`
  }
}

/** The keys and bindings of a configuration that are written as almost every one is, and what is left for the schema to judge. */
export interface PlainEntries {
  /** The aliases of all keys: of those in {@link PlainEntries.keys}, and of those that the schema has yet to judge. Empty if `keys` of the configuration is no object. */
  readonly aliases: readonly string[]
  /** By alias. */
  readonly keys: ReadonlyMap<string, LocatedKey>
  /** The same keys as a configuration has them; `undefined`: some are left to the schema. */
  readonly allKeys: Readonly<Record<string, Key>> | undefined
  /** By their number; `undefined`: it is left to the schema. */
  readonly bindings: readonly (Binding | undefined)[]
  /** The configuration without these entries. */
  readonly rest: unknown
  /** The number of each binding in `rest`, as it is in the whole configuration. */
  readonly numbers: readonly number[]
}

/**
 * Reads the plain entries of `keys` and `bindings`. Each is what the schema would make of it; the schema takes twenty times as
 * long, and a configuration may have 100,000 of them.
 */
export function readPlainEntries(raw: unknown): PlainEntries {
  const keys = new Map<string, LocatedKey>()
  const bindings: (Binding | undefined)[] = []
  const numbers: number[] = []
  let allKeys: PlainEntries['allKeys']
  if (!isPlainObject(raw)) return { aliases: [], keys, allKeys: undefined, bindings, rest: raw, numbers }
  const rest: Record<string, unknown> = { ...raw }
  const { keys: writtenKeys, bindings: writtenBindings } = raw
  const aliases = typeof writtenKeys === 'object' && writtenKeys !== null ? Object.keys(writtenKeys) : []
  // Which other names than texts a group has is the schema's to judge.
  if (isPlainObject(writtenKeys) && Object.getOwnPropertySymbols(writtenKeys).length === 0) {
    const others: [string, unknown][] = []
    const all: Record<string, Key> = {}
    const isGateway = rememberLast((name) => aliasFault(name) === undefined)
    for (const alias of aliases) {
      const value = writtenKeys[alias]
      const key = aliasFault(alias) === undefined && alias !== '__proto__' ? readPlainKey(value, isGateway) : undefined
      if (key === undefined) {
        others.push([alias, value])
        continue
      }
      keys.set(alias, new LocatedKey(alias, key))
      if (others.length === 0) all[alias] = key
    }
    if (others.length === 0) allKeys = all
    rest['keys'] = Object.fromEntries(others)
  }
  if (Array.isArray(writtenBindings)) {
    const others: unknown[] = []
    for (let number = 0; number < writtenBindings.length; number += 1) {
      const value: unknown = writtenBindings[number]
      const binding = readPlainBinding(value, keys)
      bindings.push(binding)
      if (binding !== undefined) continue
      others.push(value)
      numbers.push(number)
    }
    rest['bindings'] = others
  }
  return { aliases, keys, allKeys, bindings, rest, numbers }
}

/** Puts the plain entries back into their places among those that the schema has judged. */
export function joinEntries(plain: PlainEntries, judged: Config, raw: unknown): Config {
  const { bindings, rest, numbers } = plain
  if (rest === raw) return judged
  const keys = plain.allKeys ?? joinKeys(plain, judged)
  const isUnusual = (alias: string): boolean => !plain.keys.has(alias) && Object.hasOwn(keys, alias)
  noteUnusualKeys(keys, plain.allKeys === undefined ? plain.aliases.filter(isUnusual) : [])
  const others = judged.bindings.values()
  const allBindings = numbers.length === 0 ? bindings : bindings.map((binding) => binding ?? others.next().value)
  return { ...judged, keys, bindings: allBindings as Binding[] }
}

function joinKeys({ aliases, keys }: PlainEntries, judged: Config): Config['keys'] {
  const all: Record<string, Key> = {}
  for (const alias of aliases) {
    const key = keys.get(alias)?.part ?? (Object.hasOwn(judged.keys, alias) ? judged.keys[alias] : undefined)
    if (key !== undefined) all[alias] = key
  }
  return all
}

/** Asks once for names that follow each other and are the same. */
function rememberLast(ask: (name: string) => boolean): (name: string) => boolean {
  let [last, answer] = ['', ask('')]
  return (name) => {
    if (name !== last) [last, answer] = [name, ask(name)]
    return answer
  }
}

/** A key with a gateway, and with a secret that is one variable or one file. */
function readPlainKey(value: unknown, isGateway: (name: string) => boolean): Key | undefined {
  if (!isPlainObject(value)) return undefined
  for (const name in value) if (name !== 'gateway' && name !== 'secret') return undefined
  const { gateway, secret } = value
  if (typeof gateway !== 'string' || !isGateway(gateway)) return undefined
  const reference = readPlainReference(secret)
  return reference === undefined ? undefined : { gateway, secret: reference, shared: false }
}

function readPlainReference(value: unknown): SecretReference | undefined {
  if (!isPlainObject(value)) return undefined
  let found: string | undefined
  for (const name in value) {
    if (found !== undefined || (name !== 'env' && name !== 'file')) return undefined
    found = name
  }
  const text = found === undefined ? undefined : value[found]
  // It has that member alone, so it is what the schema would make of it.
  return typeof text === 'string' && text !== '' ? (value as SecretReference) : undefined
}

/** A binding with a key, and with users, teams and projects by their names alone. */
function readPlainBinding(value: unknown, keys: ReadonlyMap<string, unknown>): Binding | undefined {
  if (!isPlainObject(value)) return undefined
  let members = 0
  for (const name in value) {
    const text = value[name]
    if (typeof text !== 'string') return undefined
    if (name === 'key') {
      // The name of a key that is there has been looked at.
      if (!keys.has(text) && aliasFault(text) !== undefined) return undefined
    } else if ((name !== 'user' && name !== 'team' && name !== 'project') || nameFault(text) !== undefined) return undefined
    members += 1
  }
  const { user, team, project, key } = value as Readonly<Partial<Record<'user' | 'team' | 'project' | 'key', string>>>
  if (key === undefined) return undefined
  if (members === 2 && user !== undefined) return { user, key }
  // In the order in which the schema writes them.
  const binding: { user?: string; team?: string; project?: string } = {}
  if (user !== undefined) binding.user = user
  if (team !== undefined) binding.team = team
  if (project !== undefined) binding.project = project
  return { ...binding, key }
}

/** An object as a file has it: not of a class. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
