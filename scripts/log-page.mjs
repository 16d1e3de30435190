// Makes docs/log.md of the table of what the process writes.
import { logTable, sharedLogFields } from '../packages/ports/dist/log-table.js'

export function logPage() {
  return `# The log

Lines are JSON on stdout, one object each, in ASCII. What stands here is kept: a \`msg\` keeps its name and its level, and a member its name and meaning, until
a release whose changelog says otherwise. Members may be added. A member that is not known is absent, never \`null\` or guessed. Texts of clients and gateways are redacted
before they are written, and bounded.

Every line has:

| member | is |
|---|---|
${table(sharedLogFields)}

With [\`listen.workers\`](operations.md#workers), a line of the process itself that a worker wrote also has \`worker\`, the id of its process.

A line whose \`msg\` is none of these is a warning of \`postern check\`, in its own words and of level \`warn\`.

| \`msg\` | level | written when |
|---|---|---|
${Object.entries(logTable)
  .map(([msg, { level, when }]) => `| \`${msg}\` | ${level} | ${when} |`)
  .join('\n')}

A call to the API always has its \`request\` line, also one that is refused. Requests to the backend are many and mostly pages, so those alone have a line
(\`backend_request\`) that Postern answered in the backend's place, or whose answer broke off. An access log of all of them:

\`\`\`yaml
log: { access: true }
\`\`\`

${Object.entries(logTable)
  .filter(([, { fields }]) => Object.keys(fields).length > 0)
  .map(([msg, { fields }]) => `## ${msg}\n\n| member | is |\n|---|---|\n${table(fields)}`)
  .join('\n\n')}
`
}

function table(fields) {
  return Object.entries(fields)
    .map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
    .join('\n')
}
