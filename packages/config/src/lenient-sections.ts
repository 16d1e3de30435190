import { z } from 'zod'
import { LocatedKey, type PlainEntries } from './plain-entries.js'
import type { Names } from './problem.js'
import { type Config, createLenientParts } from './schema.js'

/** A part of the configuration and its path. */
export interface Located<Part> {
  readonly path: string
  readonly part: Part
}

/** The principal, the models and the endpoints of a policy rule; an invalid one of these is left out. */
export type PlacedRule = Located<z.output<typeof looseRule>>

const looseText = z.string().optional().catch(undefined)
const looseNames = z.array(z.string().min(1)).optional().catch(undefined)
const looseRule = z.object({
  user: looseText,
  team: looseText,
  project: looseText,
  models: looseNames,
  endpoints: looseNames,
})

/** The endpoints that the operator opens at one gateway, and the place of each one's model. */
export type OpenedAt = z.output<typeof looseGateway>

const looseGateway = z.object({
  dialect: looseText,
  baseURL: looseText,
  endpoints: z.record(z.string(), z.object({ model: looseText }).catch({ model: undefined })).catch({}),
})

/** The parts that must fit each other. Only parts with a valid form are in it. */
export interface Parts {
  readonly gateways: ReadonlyMap<string, Located<Config['gateways'][string]>>
  /** The opened endpoints of all gateways, also of a gateway that is otherwise not valid. */
  readonly opened: readonly Located<OpenedAt>[]
  readonly keys: ReadonlyMap<string, LocatedKey>
  readonly bindings: Iterable<NumberedBinding>
  /** `policies` itself, then each of its rules. */
  readonly rules: readonly PlacedRule[]
  /** `choices` of `policies` and of each of its rules. */
  readonly choices: readonly Located<Readonly<Record<string, string>>>[]
  readonly service: NonNullable<Config['callers']['service']> | undefined
  readonly session: NonNullable<Config['callers']['session']> | undefined
  readonly store: NonNullable<Config['store']> | undefined
  readonly ledger: NonNullable<Config['ledger']> | undefined
  readonly admin: NonNullable<Config['admin']> | undefined
  readonly backend: NonNullable<Config['backend']> | undefined
  readonly vault: NonNullable<Config['vault']> | undefined
  readonly keyRing: NonNullable<Config['keyRing']> | undefined
  /** All names under `gateways`, also those of gateways that are not valid. */
  readonly namedGateways: ReadonlySet<string>
  /** All names under `keys`, also those of keys that are not valid. */
  readonly namedKeys: Names
}

/** A binding and its number in the list. */
export interface NumberedBinding extends Located<Config['bindings'][number]> {
  readonly number: number
}

/**
 * Reads each part of a configuration by itself and keeps the valid ones.
 *
 * Then the checks between parts (is the variable set? do two bindings match one caller?) run even if another part is
 * invalid, and the operator sees all problems of a file at once.
 *
 * @param plain The entries of `raw` that were read already.
 * @param valid The whole configuration, if its form is valid: then its rules are not read once more.
 */
export function readSections(raw: unknown, dialectIds: readonly string[], plain: PlainEntries, valid?: Config): Parts {
  const lenientParts = createLenientParts(dialectIds)
  const callers = member(raw, 'callers')
  return {
    gateways: readEntries(raw, 'gateways', lenientParts.gateway),
    opened: [...readEntries(raw, 'gateways', looseGateway).values()],
    keys: readKeys(raw, lenientParts.key, plain),
    bindings: readBindings(raw, lenientParts.binding, plain),
    ...(valid === undefined ? readLooseRules(raw) : readValidRules(raw, valid)),
    service: read(member(callers, 'service'), lenientParts.service),
    session: read(member(callers, 'session'), lenientParts.session),
    store: read(member(raw, 'store'), lenientParts.store),
    ledger: read(member(raw, 'ledger'), lenientParts.ledger),
    admin: read(member(raw, 'admin'), lenientParts.admin),
    backend: read(member(raw, 'backend'), lenientParts.backend),
    vault: read(member(raw, 'vault'), lenientParts.vault),
    keyRing: read(member(raw, 'keyRing'), lenientParts.keyRing),
    namedGateways: new Set(Object.keys(asObject(member(raw, 'gateways')))),
    namedKeys: plain.keys.size === plain.aliases.length ? namesOf(plain.keys) : new Set(plain.aliases),
  }
}

const choices = z.record(z.string(), z.string())

function readLooseRules(raw: unknown): Pick<Parts, 'rules' | 'choices'> {
  const rules = readRules(raw)
  return {
    rules: rules.flatMap(({ path, part }) => placed(path, read(part, looseRule))),
    choices: rules.flatMap(({ path, part }) => placed(`${path}.choices`, read(member(part, 'choices'), choices))),
  }
}

function readValidRules(raw: unknown, { policies: { rules, ...everybody } }: Config): Pick<Parts, 'rules' | 'choices'> {
  const [first, ...others] = readRules(raw)
  const found =
    first?.part === undefined ? [] : [{ path: first.path, part: { user: undefined, team: undefined, project: undefined, ...everybody } }]
  const all = [...found, ...others.map(({ path }, index) => ({ path, part: rules[index] as Config['policies']['rules'][number] }))]
  return { rules: all, choices: all.flatMap(({ path, part }) => placed(`${path}.choices`, part.choices)) }
}

function readRules(raw: unknown): Located<unknown>[] {
  const policies = member(raw, 'policies')
  const rules = member(policies, 'rules')
  const list: readonly unknown[] = Array.isArray(rules) ? rules : []
  return [{ path: 'policies', part: policies }, ...list.map((part, index) => ({ path: `policies.rules[${index}]`, part }))]
}

function placed<Part>(path: string, part: Part | undefined): Located<Part>[] {
  return part === undefined ? [] : [{ path, part }]
}

function readEntries<Schema extends z.ZodType>(raw: unknown, name: string, schema: Schema): Map<string, Located<z.output<Schema>>> {
  const entries = new Map<string, Located<z.output<Schema>>>()
  for (const [alias, value] of Object.entries(asObject(member(raw, name)))) {
    const part = read(value, schema)
    if (part !== undefined) entries.set(alias, { path: `${name}.${alias}`, part })
  }
  return entries
}

/** The names of a map, without a copy of them. */
function namesOf(map: ReadonlyMap<string, unknown>): Names {
  return { size: map.size, has: (name) => map.has(name), [Symbol.iterator]: () => map.keys() }
}

function readKeys(
  raw: unknown,
  schema: z.ZodType<Config['keys'][string]>,
  { aliases, keys: plain }: PlainEntries,
): ReadonlyMap<string, LocatedKey> {
  const written = asObject(member(raw, 'keys'))
  if (aliases.length === plain.size) return plain
  const keys = new Map<string, LocatedKey>()
  for (const alias of aliases) {
    const known = plain.get(alias)
    const part = known === undefined ? read(written[alias], schema) : undefined
    if (known !== undefined) keys.set(alias, known)
    else if (part !== undefined) keys.set(alias, new LocatedKey(alias, part))
  }
  return keys
}

type Binding = Config['bindings'][number]

/**
 * Reads the entries of `bindings` whose form is valid, each with its number in that list. An entry's object is made only when the caller
 * iterates to that entry: a configuration may have 100,000 of them.
 */
function readBindings(raw: unknown, schema: z.ZodType<Binding>, { bindings: plain }: PlainEntries): Iterable<NumberedBinding> {
  const list = member(raw, 'bindings')
  if (!Array.isArray(list)) return []
  const parts = plain.every((binding) => binding !== undefined)
    ? plain
    : (list as readonly unknown[]).map((value, number) => plain[number] ?? read(value, schema))
  return {
    *[Symbol.iterator]() {
      for (let number = 0; number < parts.length; number += 1) {
        const part = parts[number]
        if (part !== undefined) yield new ListedBinding(number, part)
      }
    },
  }
}

class ListedBinding implements NumberedBinding {
  readonly number: number
  readonly part: Binding

  constructor(number: number, part: Binding) {
    this.number = number
    this.part = part
  }

  get path(): string {
    return placeOfBinding(this.number)
  }
}

/** `bindings[2]`. */
export function placeOfBinding(number: number): string {
  return `bindings[${number}]`
}

function read<Schema extends z.ZodType>(value: unknown, schema: Schema): z.output<Schema> | undefined {
  // No part has a value where it is not written, and to be told so costs more than to read one.
  if (value === undefined) return undefined
  const result = schema.safeParse(value)
  return result.success ? result.data : undefined
}

function member(value: unknown, name: string): unknown {
  return asObject(value)[name]
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
