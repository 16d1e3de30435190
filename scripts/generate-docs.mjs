// Writes the pages under docs/ that are made from the code which enforces them. Run after a build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createErrorClassifier, dialects } from '../packages/gateways/dist/index.js'
import { errorCodes } from '../packages/protocol/dist/index.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const docs = join(root, 'docs')
/** Recorded answers of every gateway, which a test plays as well. */
const recordings = join(root, 'test', 'recordings')
const gateways = Object.values(dialects).filter(({ baseURL }) => baseURL !== undefined)

/** The pages by file name. */
export function generatePages() {
  return { 'errors.md': errorsPage(), 'gateways/README.md': gatewaysPage() }
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
413, 422 and the like), status, message and \`code\` are the gateway's. \`Postern-Refusal\` is present exactly when Postern itself refused. What a retry
cannot mend carries \`X-Should-Retry: false\`, which the \`openai\` client obeys; so does any code where the gateway had begun to answer with a
status of success, or Postern cut the call at the end of its process, since the call may have run.

| status | code | what happened | what to do | worth a retry | type |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

function gatewaysPage() {
  return `# The gateways

One surface in front of five gateways, and of any other that follows the OpenAI API. What a gateway says in its own way, a client of
Postern hears in one; switching a gateway is one line of the configuration.

| page | dialect | default base URL | its documents |
|---|---|---|---|
${gateways.map(({ id, title, baseURL, documentation }) => `| [${title}](${id}.md) | \`${id}\` | \`${baseURL}\` | <${documentation}> |`).join('\n')}
| any other | \`openai\` | none: write \`baseURL\` | |

\`npm run conformance\` asks every row of the five contracts through Postern; \`npm run conformance -- --help\` says how it is pointed at
a real gateway. Another gateway with ways of its own is one more record (\`Dialect\` of \`@postern/gateways\`) and one folder of recorded
answers: \`test/integration/new-gateway\` is such a one, whole.

## The same refusal

What each gateway says, and what the client gets, always the same. *Not documented* means that the gateway's documents are silent, and
the rule that all gateways share decides. Every cell is a recorded answer under \`test/recordings\`, and a test plays it.

| | the client gets | \`x-should-retry\` | ${gateways.map(({ title }) => title).join(' | ')} |
|---|---|---|${gateways.map(() => '---|').join('')}
${refusalKinds.map(refusalRow).join('\n')}

## What is tried again

Postern itself tries again only where the gateway's source or documents show that nothing was run: what looked failed may have been completed
and billed, and that a document advises a retry is not enough. So
never after the first byte of an answer, never a 4xx but documented throttling, never a quota, never a body that was streamed past, and
never where the client itself tries again (it then says
so in \`X-Stainless-Retry-Count\`). A connection that nobody took is tried again whichever gateway it is. Each attempt has
its own \`X-Request-ID\`; the log line of the last one lists the others under \`earlier\`. Everything else is the client's to decide, by
\`x-should-retry\`; but what began with a status of success is never called repeatable, however it ended, and an answer about a thing that failed
(it has an \`id\`, an \`object\` or content) passes as the answer that it is. \`gateways.<name>.attempts: 1\` leaves all of it to the client.

| gateway | after | because | attempts | waits at most | |
|---|---|---|---|---|---|
${gateways.concat(dialects.openai).flatMap(retryRows).join('\n')}

A wait is drawn anew each time, from nothing up to the figure, on top of what the gateway asks for (\`Retry-After\`); where that is more
than the last figure, the attempts end and the client is told.

Where a page says that a body passes byte for byte, \`policies.pinUser\` is the exception: it is asked for, and names the user.
`
}

const refusalKinds = [
  'bad key',
  'out of credit',
  'throttled',
  'policy',
  'server error',
  'unavailable',
  'broken stream',
  'error in a stream',
]

/** What a refusal is called among people. */
const refusalTitles = {
  'bad key': 'the key is wrong, revoked or expired',
  'out of credit': 'no money or quota is left',
  throttled: 'throttled, by itself or its provider',
  policy: 'its policy forbids it',
  'server error': 'it failed',
  unavailable: 'it cannot serve now',
  'broken stream': 'a stream broke off',
  'error in a stream': 'a stream has an error in it',
}

function refusalRow(refusal) {
  const cells = gateways.map((dialect) => recordingsOf(dialect.id).filter((recording) => recording.refusal === refusal))
  const outcomes = new Set(gateways.flatMap((dialect, index) => cells[index].map((recording) => outcomeOf(dialect, recording))))
  if (outcomes.size !== 1) throw new Error(`"${refusal}" is not the same from every gateway: ${[...outcomes].join('; ')}`)
  return `| ${refusalTitles[refusal]} | ${[...outcomes][0]} | ${cells.map((found) => found.map(saidOf).join('; ')).join(' | ')} |`
}

/** What the client gets of an answer, as the dialect has it. */
function outcomeOf(dialect, { answer, client }) {
  if (answer.events !== undefined) {
    const ending = client.finish === 'truncated' ? 'the connection is cut' : 'the error as it came'
    return `200, and then ${ending}; \`finish\` is \`${client.finish}\` | too late for it`
  }
  const { code, status } = createErrorClassifier(dialect).classify(answer.status, answer.body)
  return `${status} \`${code}\` | ${errorCodes[code].retryable ? 'absent' : '`false`'}`
}

function saidOf({ answer, documented }) {
  if (answer.events !== undefined) return answer.then === 'cut' ? 'cut' : lateErrorOf(answer)
  if (documented === false) return '*not documented*'
  const { error, detail } = answer.body
  const name = typeof error === 'object' ? (error.code ?? error.status ?? error.type) : (error ?? detail)
  return `${answer.status} \`${typeof name === 'number' ? error.status : name}\``
}

/** How the error stands in the stream: beside what, and whether an end mark follows. */
function lateErrorOf({ events }) {
  const error = JSON.parse(events.findLast((event) => event.includes('"error"')).slice('data: '.length))
  const members = Object.keys(error).map((name) => `\`${name}\``)
  return `${members.join(', ')}${events.at(-1).includes('[DONE]') ? ', then `[DONE]`' : ''}`
}

function recordingsOf(id) {
  const folder = join(recordings, id)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
}

function retryRows({ title, retries }) {
  const { attempts, firstWaitMs, longestWaitMs, after } = retries
  const waits = `${attempts} | ${firstWaitMs / 1000} s, doubling | up to ${longestWaitMs / 1000} s`
  if (after.length === 0)
    return [`| ${title} | a connection that nobody took, and nothing else | its documents name no such failure | ${waits} |`]
  return after.map(({ status, name, message, because }) => {
    const what = [
      status,
      name === undefined ? undefined : `\`${name}\``,
      message === undefined ? undefined : `whose text speaks of a ${message.source.replaceAll('\\b', '')}`,
    ]
    return `| ${title} | ${what.filter((part) => part !== undefined).join(' ')} | ${because} | ${waits} |`
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(generatePages())) {
    const file = join(docs, name)
    writeFileSync(file, text)
    process.stdout.write(`docs/${name}: ${readFileSync(file, 'utf8').split('\n').length} lines\n`)
  }
}
