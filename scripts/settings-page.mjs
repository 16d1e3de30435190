// Makes docs/settings.md of the schema that checks a configuration: what may stand there, its default and its bounds.
import { dialects } from '../packages/gateways/dist/index.js'
import { createConfigSchema } from '../packages/config/dist/schema.js'
import { settingMeanings } from './setting-meanings.mjs'

/** The path of every setting that the page lists. */
export function settingPaths() {
  return listSettings(createConfigSchema(Object.keys(dialects)), '', undefined).map(({ path }) => path)
}

const wrappers = new Set(['optional', 'default', 'prefault'])

/** The page; throws where a setting has no meaning written, or a meaning no setting. */
export function settingsPage() {
  const rows = listSettings(createConfigSchema(Object.keys(dialects)), '', undefined)
  const paths = new Set(rows.map(({ path }) => path))
  const strange = Object.keys(settingMeanings).find((path) => !paths.has(path))
  if (strange !== undefined) throw new Error(`scripts/setting-meanings.mjs explains "${strange}", which is no setting.`)
  const groups = [...new Set(rows.map(({ path }) => groupOf(path)))]
  return `# All settings

Made from the schema that \`postern check\` goes by. [configuration.md](configuration.md) and [identity.md](identity.md) explain most of them; the
[README](../README.md) shows a whole file. \`<name>\` is a name of yours, \`[]\` an entry of a list. What is *mandatory* is so where the group that it stands in is
written; all else may be left out. A setting that is not here is refused.

| written as | is |
|---|---|
| a time | a text with its unit: \`500ms\`, \`30s\`, \`10m\`, \`12h\`, \`30d\` |
| a size | a text with its unit: \`B\`; \`kB\`, \`MB\`, \`GB\` are powers of 1000, \`KiB\`, \`MiB\`, \`GiB\` of 1024. A pace is a size a second: \`1KiB/s\` |
| a secret | \`{ env: NAME }\` or \`{ file: PATH }\`, never the secret itself |
| a list of patterns | \`*\` stands for any characters. In YAML a pattern that begins with \`*\` is quoted: \`models: ['*']\` |

${groups.map((group) => section(group, rows)).join('\n\n')}
`
}

function groupOf(path) {
  return path.split(/[.[]/)[0]
}

function section(group, rows) {
  const own = rows.filter(({ path }) => groupOf(path) === group)
  return `## ${group}\n\n| setting | is | default | meaning |\n|---|---|---|---|\n${own.map(settingRow).join('\n')}`
}

function settingRow({ path, kind, value, isMandatory }) {
  const meaning = settingMeanings[path]
  if (meaning === undefined) throw new Error(`scripts/setting-meanings.mjs does not explain "${path}".`)
  const [text, written] = Array.isArray(meaning) ? meaning : [meaning, undefined]
  const shown = written ?? (value === undefined ? (isMandatory ? '*mandatory*' : '') : `\`${writeDefault(kind, value)}\``)
  return `| \`${path}\` | ${kind.text} | ${shown} | ${text} |`
}

/** Every setting below a part of the schema that holds no further ones, with its default and whether it must be there. */
function listSettings(schema, path, inherited) {
  const { inner, value, isMandatory } = unwrap(schema, inherited)
  const { def } = inner._zod
  const leaf = () => [{ path, kind: kindOf(inner), value, isMandatory }]
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

function unwrap(schema, value) {
  let isMandatory = true
  let inner = schema
  for (let { def } = inner._zod; wrappers.has(def.type); { def } = inner._zod) {
    isMandatory = false
    if (def.type !== 'optional') value = def.defaultValue
    inner = def.innerType
  }
  return { inner, value: isPlainObject(value) ? undefined : value, isMandatory }
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
    if (takes('1KiB/s')) return { text: 'a pace', unit: 'pace' }
    if (takes('1KiB')) return { text: 'a size', unit: 'size' }
    const taken = probes.filter(takes)
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
  if (def.type === 'record') return { text: 'names with a text each' }
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

function writeDefault({ unit }, value) {
  if (unit === undefined) return typeof value === 'string' ? value : JSON.stringify(value)
  const [name, size] = units[unit].find(([, each]) => value >= each && value % each === 0) ?? units[unit].at(-1)
  return `${value / size}${name}`
}
