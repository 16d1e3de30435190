// Makes docs/settings.md of the schema that checks a configuration: what may stand there, its default and its bounds.
import { configSchema, explainSettings } from './settings.mjs'

/** The page; throws where a setting has no meaning. */
export function settingsPage(schema = configSchema) {
  const rows = explainSettings(schema)
  const groups = [...new Set(rows.map(({ path }) => groupOf(path)))]
  return `# All settings

Made from the schema that \`postern check\` goes by. [configuration.md](configuration.md) and [identity.md](identity.md) explain most of them; the
[README](../README.md) shows a whole file. \`<name>\` is a name of yours, \`[]\` an entry of a list. What is *mandatory* is so where the group that it stands in is
written; all else may be left out. A setting that is not here is refused.

| written as | is |
|---|---|
| a time | a text with its unit: \`500ms\`, \`30s\`, \`10m\`, \`12h\`, \`30d\` |
| a size | a text with its unit: \`B\`; \`kB\`, \`MB\`, \`GB\` are powers of 1000, \`KiB\`, \`MiB\`, \`GiB\` of 1024. A pace is a size a second: \`1KiB/s\` |
| a decimal | a number or a text, with at most nine decimals, read exactly: \`0.15\`, \`"0.000000001"\`; at most 9007199 |
| a share | a text: \`5%\` |
| a date | a text: \`2027-03-01\`, which begins in UTC, or \`2027-03-01T12:00:00Z\` |
| a secret | \`{ env: NAME }\` or \`{ file: PATH }\`, never the secret itself; that of a key also comes from [further sources](keys.md) |
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

function settingRow({ path, kind, value, isMandatory, meaning, words }) {
  const shown =
    words ?? (value === undefined ? (isMandatory ? '*mandatory*' : '') : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``)
  return `| \`${path}\` | ${kind.text} | ${shown} | ${meaning} |`
}
