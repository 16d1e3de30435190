// Writes the pages under docs/ that are made from the code which enforces them. Run after a build.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCodes } from '../packages/protocol/dist/index.js'

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs')

/** The pages by file name. */
export function generatePages() {
  return { 'errors.md': errorsPage() }
}

function errorsPage() {
  const rows = Object.entries(errorCodes)
    .sort(([, left], [, right]) => left.status - right.status)
    .map(
      ([code, { status, type, retryable, title, help }]) =>
        `| ${status} | \`${code}\` | ${title} | ${help} | ${retryable ? 'yes' : 'no'} | \`${type}\` |`,
    )
  return `# Errors

Every error has the envelope of the OpenAI API, \`{ "error": { "message", "type", "code", "param" } }\`, an \`X-Request-ID\` and a
\`Postern-Governance\` record. \`code\` is one of these, but for one case: where the gateway finds the request itself wrong (400, 404, 409,
413, 422), status, message and \`code\` are the gateway's. \`Postern-Refusal\` is present exactly when Postern itself refused. What a retry
cannot mend carries \`X-Should-Retry: false\`, which the \`openai\` client obeys.

| status | code | what happened | what to do | worth a retry | type |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(generatePages())) {
    const file = join(docs, name)
    writeFileSync(file, text)
    process.stdout.write(`docs/${name}: ${readFileSync(file, 'utf8').split('\n').length} lines\n`)
  }
}
