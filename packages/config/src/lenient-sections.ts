import { z } from 'zod'
import { type LocatedKey, locateKey, type PlainEntries } from './plain-entries.js'
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
  readonly bindings: readonly Located<Config['bindings'][number]>[]
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
  readonly namedKeys: ReadonlySet<string>
}

/**
 * Reads each part of a configuration by itself and keeps the valid ones.
 *
 * Then the checks between parts (is the variable set? do two bindings match one caller?) run even if another part is
 * invalid, and the operator sees all problems of a file at once.
 *
 * @param plain The entries of `raw` that were read already.
 */
export function readSections(raw: unknown, dialectIds: readonly string[], plain: PlainEntries): Parts {
  const lenientParts = createLenientParts(dialectIds)
  const callers = member(raw, 'callers')
  return {
    gateways: readEntries(raw, 'gateways', lenientParts.gateway),
    opened: [...readEntries(raw, 'gateways', looseGateway).values()],
    keys: readKeys(raw, lenientParts.key, plain),
    bindings: readList(raw, 'bindings', lenientParts.binding, plain.bindings),
    rules: readRules(raw).flatMap(({ path, part }) => placed(path, read(part, looseRule))),
    choices: readRules(raw).flatMap(({ path, part }) => placed(`${path}.choices`, read(member(part, 'choices'), choices))),
    service: read(member(callers, 'service'), lenientParts.service),
    session: read(member(callers, 'session'), lenientParts.session),
    store: read(member(raw, 'store'), lenientParts.store),
    ledger: read(member(raw, 'ledger'), lenientParts.ledger),
    admin: read(member(raw, 'admin'), lenientParts.admin),
    backend: read(member(raw, 'backend'), lenientParts.backend),
    vault: read(member(raw, 'vault'), lenientParts.vault),
    keyRing: read(member(raw, 'keyRing'), lenientParts.keyRing),
    namedGateways: new Set(Object.keys(asObject(member(raw, 'gateways')))),
    namedKeys: new Set(Object.keys(asObject(member(raw, 'keys')))),
  }
}

const choices = z.record(z.string(), z.string())

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

function readKeys(raw: unknown, schema: z.ZodType<Config['keys'][string]>, { keys: plain }: PlainEntries): ReadonlyMap<string, LocatedKey> {
  const written = asObject(member(raw, 'keys'))
  const aliases = Object.keys(written)
  if (aliases.length === plain.size) return plain
  const keys = new Map<string, LocatedKey>()
  for (const alias of aliases) {
    const known = plain.get(alias)
    const part = known === undefined ? read(written[alias], schema) : undefined
    if (known !== undefined) keys.set(alias, known)
    else if (part !== undefined) keys.set(alias, locateKey(alias, part))
  }
  return keys
}

function readList<Schema extends z.ZodType>(
  raw: unknown,
  name: string,
  schema: Schema,
  known: readonly (z.output<Schema> | undefined)[],
): Located<z.output<Schema>>[] {
  const list = member(raw, name)
  if (!Array.isArray(list)) return []
  const parts: Located<z.output<Schema>>[] = []
  for (const [index, value] of (list as readonly unknown[]).entries()) {
    const part = known[index] ?? read(value, schema)
    if (part !== undefined) parts.push(new ListedPart(name, index, part))
  }
  return parts
}

/** A part of a list. Its path is told in problems alone. */
class ListedPart<Part> implements Located<Part> {
  readonly part: Part
  readonly #list: string
  readonly #index: number

  constructor(list: string, index: number, part: Part) {
    this.part = part
    this.#list = list
    this.#index = index
  }

  get path(): string {
    return `${this.#list}[${this.#index}]`
  }
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
