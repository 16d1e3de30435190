// The one walk over the schema that checks a configuration. The page of settings and the JSON schema are both made of what it finds.
import { dialects } from '../packages/gateways/dist/index.js'
import { createConfigSchema } from '../packages/config/dist/schema.js'

/** The schema of the configuration, for the built-in dialects. */
export const configSchema = createConfigSchema(Object.keys(dialects))

/** The path of every setting. */
export function settingPaths(schema = configSchema) {
  return listSettings(schema).map(({ path }) => path)
}

/**
 * Every setting of a schema, in the order of the schema: its path, its kind, its default as a configuration has it, whether it must be
 * there, its meaning, and its default in words where the schema does not know it. Throws where a setting has no meaning.
 */
export function explainSettings(schema = configSchema) {
  return listSettings(schema).map((row) => {
    if (row.meaning === undefined) throw new Error(`packages/config/src does not describe "${row.path}": add .describe('…') to it.`)
    return { ...row, value: asWritten(row.kind, row.value) }
  })
}

const wrappers = new Set(['optional', 'default', 'prefault'])

/** Every setting below a part of the schema that holds no further ones, with its default and whether it must be there. */
function listSettings(schema, path = '', inherited) {
  const { inner, value, isMandatory, meaning, words } = unwrap(schema, inherited)
  const { def } = inner._zod
  const leaf = () => [{ path, kind: kindOf(inner), value, isMandatory, meaning, words }]
  const below = (part) => listMembers(part, path)
  if (def.type === 'object') return below(inner)
  if (def.type === 'record') return isGroup(def.valueType) ? listSettings(def.valueType, `${path}.<name>`) : leaf()
  if (def.type === 'array') return isGroup(def.element) ? listSettings(def.element, `${path}[]`) : leaf()
  if (def.type !== 'union' || isReference(inner)) return leaf()
  const groups = def.options.filter((option) => option._zod.def.type === 'object')
  if (groups.length === 0) return leaf()
  const members = groups.flatMap(below).filter((row, index, all) => all.findIndex((other) => other.path === row.path) === index)
  const isAlternative = groups.length < def.options.length
  return isAlternative ? [...leaf(), ...members] : members.map((row) => ({ ...row, isMandatory: false }))
}

function listMembers({ _zod: { def } }, path) {
  return Object.entries(def.shape).flatMap(([name, member]) => listSettings(member, path === '' ? name : `${path}.${name}`))
}

/** What a schema is within its wrappers, with the default that they give and what is described at the outermost that says something. */
function unwrap(schema, value) {
  let isMandatory = true
  let inner = schema
  let said = schema.meta()
  for (let { def } = inner._zod; wrappers.has(def.type); { def } = inner._zod) {
    isMandatory = false
    if (def.type !== 'optional') value = def.defaultValue
    inner = def.innerType
    if (said?.description === undefined) said = inner.meta()
  }
  return { inner, value: isPlainObject(value) ? undefined : value, isMandatory, meaning: said?.description, words: said?.unset }
}

function isPlainObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isGroup(schema) {
  return unwrap(schema).inner._zod.def.type === 'object'
}

/** A secret: `{ env }` or `{ file }`. */
function isReference({ _zod: { def } }) {
  return def.type === 'union' && def.options.every((option) => ['env', 'file'].some((name) => option._zod.def.shape?.[name] !== undefined))
}

const units = {
  time: [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ],
  size: [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
    ['B', 1],
  ],
  share: [['%', 10_000]],
  pace: [
    ['GiB/s', 1024 ** 3],
    ['MiB/s', 1024 ** 2],
    ['KiB/s', 1024],
    ['B/s', 1],
  ],
}

/** Bounds of times stand at one of these. */
const probes = ['0s', '1ms', '1s', '5s', '10s', '30s', '1m', '5m', '10m', '1h', '12h', '1d', '365d']

function kindOf(schema) {
  const { def } = schema._zod
  const takes = (text) => schema.safeParse(text).success
  if (def.type === 'pipe' && !takes('anything')) {
    if (takes('0.000000001')) return { text: 'a decimal' }
    if (takes('5%')) return { text: 'a share', unit: 'share' }
    if (takes('2027-03-01')) return { text: 'a date' }
    if (takes('USD')) return { text: '`credits` or a currency' }
    if (takes('1KiB/s')) return { text: 'a pace', unit: 'pace' }
    if (takes('1KiB')) return { text: 'a size', unit: 'size' }
    if (takes('/ai')) return { text: 'a path' }
    if (takes('20 USD')) return { text: 'an amount of money' }
    const taken = probes.filter(takes)
    if (taken.length === 0)
      throw new Error(
        `A setting takes neither a time nor anything else that is known here: ${schema.description ?? 'it has no description'}`,
      )
    const [least, most] = [taken[0], taken.at(-1)]
    const bounds = [...(least === '0s' ? [] : [`from ${least}`]), ...(most === '365d' ? [] : [`to ${most}`])]
    return { text: ['a time', ...bounds].join(' '), unit: 'time' }
  }
  if (isReference(schema)) return { text: 'a secret' }
  if (def.type === 'literal') return { text: def.values.map((each) => `\`${each}\``).join(' or ') }
  if (def.type === 'enum')
    return {
      text: Object.values(def.entries)
        .map((each) => `\`${each}\``)
        .join(', '),
    }
  if (def.type === 'number') return { text: numberText(schema) }
  if (def.type === 'boolean') return { text: '`true` or `false`' }
  if (def.type === 'array') return { text: listText(def.element) }
  if (def.type === 'record')
    return { text: def.valueType._zod.def.type === 'record' ? 'names, each with names and a decimal each' : 'names with a text each' }
  if (def.type === 'union')
    return {
      text: [...new Set(def.options.map((option) => (isGroupOption(option) ? 'the settings below' : kindOf(option).text)))].join(', or '),
    }
  return { text: 'a text' }
}

function isGroupOption(option) {
  return option._zod.def.type === 'object'
}

function listText(element) {
  if (isReference(element)) return 'a list of secrets'
  const { type, entries } = element._zod.def
  return type === 'enum'
    ? `a list of ${Object.values(entries)
        .map((each) => `\`${each}\``)
        .join(', ')}`
    : 'a list of texts'
}

function numberText({ minValue, maxValue, format }) {
  const what = format === 'safeint' ? 'a whole number' : 'a number'
  if (maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER) return `${what} from ${minValue} to ${maxValue}`
  return format === 'safeint' ? `${what} from ${minValue}` : `${what} above ${minValue}`
}

/** A default as a configuration has it: with its unit. */
function asWritten({ unit }, value) {
  if (unit === undefined || value === undefined) return value
  const [name, size] = units[unit].find(([, each]) => value >= each && value % each === 0) ?? units[unit].at(-1)
  return `${value / size}${name}`
}
