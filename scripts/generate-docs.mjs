// Writes the pages under docs/ and the JSON schema that are made from the code which enforces them. Run after a build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answerFormats, createErrorClassifier, dialects, openaiEndpoints } from '../packages/gateways/dist/index.js'
import { errorCodes } from '../packages/protocol/dist/index.js'
import { logPage } from './log-page.mjs'
import { metricsPage } from './metrics-page.mjs'
import { settingsPage } from './settings-page.mjs'
import { settingsSchemaFile } from './settings-schema.mjs'
import { wayPage } from './way-page.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Recorded answers of every gateway, which a test plays as well. */
const recordings = join(root, 'test', 'recordings')
const gateways = Object.values(dialects).filter(({ baseURL }) => baseURL !== undefined)

/** What is generated, by its path in the repository. */
export function generateFiles() {
  return {
    'docs/errors.md': errorsPage(),
    'docs/gateways/README.md': gatewaysPage(),
    'docs/log.md': logPage(),
    'docs/metrics.md': metricsPage(),
    'docs/settings.md': settingsPage(),
    'docs/way-of-a-call.md': wayPage(),
    'packages/config/postern.schema.json': settingsSchemaFile(),
  }
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
\`Postern-Governance\` record. \`code\` is one of these, but for one case: where the gateway finds the request itself wrong (any 4xx that
is not about key, money, rate or policy), status, message, \`code\`, \`type\`, \`param\` and further members are the gateway's. An error under a status of success
means what it says of itself. \`Postern-Refusal\` is present exactly when Postern itself refused. What a retry
cannot mend carries \`X-Should-Retry: false\`, which the \`openai\` client obeys; so does any code where the gateway had begun to answer and not
said that it failed, where the connection ended behind the whole request, or where Postern cut the request at the deadline of a shutdown, however far it had come,
since the call may have run.

What the table says is for any request with that code; the \`message\` of an error often says more, of this one. What only the operator may know, such as what
an identity provider or a gateway said, is \`cause\` in the log line with the same \`request_id\`.

What a request's body is, its \`Content-Type\` says. A type that the endpoint does not take (\`text/plain\`, XML, a form where JSON is taken) and JSON in another charset than
UTF-8 are 400 \`request_malformed\` with \`param: "Content-Type"\`; 415 \`media_type_unsupported\` is a body that is packed (\`Content-Encoding\`), or a part of a form that is.

A stream that breaks off after it began has no code any more. Postern closes the connection, so that no client takes it for whole: the plain \`openai\` package then throws
\`TypeError: terminated\` in Node, and what the browser calls a network error in pages. [\`@postern/client\`](client.md) throws a \`PosternStreamError\` that says how it ended.
There are two exceptions, in which an error event comes before the end: \`caller_revoked\`, since the session was revoked, and \`budget_exhausted\`, since the stream [went on behind its ceiling](limits.md#a-gateway-that-ignores-ceilings), whatever else of the budget is left. It is \`data: {"error":{…}}\`, with \`event: error\` and a \`type\` where the
events of the format have one. The \`openai\` package throws it as an \`APIError\` with that code.

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

Any other 4xx finds the request itself wrong: its status, words, \`code\`, \`type\`, \`param\` and further members reach the client, in whichever shape the
gateway says them. A stream that ends cleanly without its end mark is whole under the dialect \`openai\` (or \`endMark: optional\`) where each choice has its
\`finish_reason\`; everywhere else it is cut.

## Which endpoints are open

What a dialect lists, and what the operator opens; every other path is 403 \`endpoint_not_allowed\`, or 404 where it only spells a listed
one differently or could be another caller's stored object. A gateway may have endpoints that no document names; what holds there, such as where the
model stands, nobody here knows. They are opened by name:

\`\`\`yaml
gateways:
  main:
    dialect: openai
    baseURL: https://gateway.example/v1
    endpoints:
      rerank: { methods: [POST], format: plain, model: body }
      "engines/{model}/completions": { methods: [POST], format: chat, model: path }
      "transcripts/{id}": { methods: [GET], format: plain, model: none }
\`\`\`

| | |
|---|---|
| the path | below \`/v1/\`, without a slash at either end; \`{id}\`, under any name in braces, stands for one segment, \`{model}\` for the one that names the model. There a request may have escapes, as official clients write them (\`models/openai%2Fgpt-4o\`): they are judged as they are read, and go on as they came |
| \`methods\` | of \`GET\`, \`POST\`, \`PUT\`, \`PATCH\`, \`DELETE\` |
| \`format\` | whose API requests and answers follow: ${Object.keys(answerFormats)
    .map((id) => `\`${id}\``)
    .join(', ')} |
| \`model\` | where a request names its model: \`body\`, \`query\` (the parameter \`model\`), \`path\`, or \`none\` where no model runs |
| \`ceiling: none\` | its answers have no length in tokens, so that \`policies.maxTokens\` has nothing to bound; it holds for a listed path as well, written again with its methods |
| \`media: true\` | it takes forms and media beside JSON; those are not read |

A policy or session that names models, or a ceiling, holds wherever the model and the ceiling stand, and a request in which they cannot be
read is refused: a form under \`models\`; a batch, whose requests are in a file; an endpoint of the format \`plain\` under \`maxTokens\`. The
ceiling is of the whole request: times \`n\` or \`best_of\`, and times the number of prompts.

No setting opens what mints credentials, hands out connections past Postern or administers the account: \`organization\`, \`realtime/*\`,
\`live/sessions\`, \`chatkit/sessions\`, keys, tokens, certificates, permissions, service accounts, and their like under any gateway.
\`postern check\` refuses to open them.

The dialect \`openai\` lists the OpenAI API, as the \`openai\` packages call it. Under a policy that names models, or a ceiling, those marked ° are refused, since their
model is stored at the provider; those marked * are about what is stored there.

| | |
|---|---|
${openaiRows().join('\n')}

## What is stored at the provider

Files, stored responses, conversations, threads, vector stores, batches and their like are found by whoever holds the key, so callers who
share a key would read what the others stored. Where **more than one binding, or a \`default\` one**, leads to a key (or to another key with
the same secret, or the same \`providerSecret\`), these are 403 \`endpoint_not_allowed\`: every endpoint marked * above; \`store: true\` and
\`background: true\`; and whatever in a body names something stored, such as \`previous_response_id\`, \`conversation\`, a stored prompt, \`file_id\`,
\`vector_store_ids\`, a container, an item by its id. A response of which the client does not say whether it is stored is asked for with
\`"store": false\`. Stored objects that belong to callers pass: of a task (videos of Free AI, everything that
Onysoft makes) the id is sealed for the caller who began it.

Under a key with one binding all of it passes: the users of a team share what the team stored. \`postern check\` warns of each key with several
tenants, and \`postern explain\` says what holds for one. An operator whose tenants may read each other's writes it at the key:

\`\`\`yaml
keys:
  main: { gateway: main, secret: { env: OPENAI_API_KEY }, shared: true }
\`\`\`

## What is tried again

Postern itself tries again only where the gateway's source or documents show that nothing was run: what looked failed may have been completed
and billed, and that a document advises a retry is not enough. So
never after the first byte of an answer, never a 4xx but documented throttling, never a quota, never a body that was streamed past, and
never where the client itself tries again (it then says
so in \`X-Stainless-Retry-Count\`). A connection that nobody took is tried again whichever gateway it is. Each attempt has
its own \`X-Request-ID\`; the log line of the last one lists the others under \`earlier\`. Everything else is the client's to decide, by
\`x-should-retry\`; but what began with a status of success is never called repeatable, however it ended. Nor is an answer whose status cannot be
read, a connection that ended behind the whole request (but for what only reads), an error that broke off, or one that names what was made
(\`id\` with \`object\`, the id of a task). An answer about a thing that failed (it has an \`id\`, an \`object\` or content) passes as the answer that it
is. \`gateways.<name>.attempts: 1\` leaves all of it to the client.

| gateway | after | because | attempts | waits at most | |
|---|---|---|---|---|---|
${gateways.concat(dialects.openai).flatMap(retryRows).join('\n')}

A wait is drawn anew each time, from nothing up to the figure, on top of what the gateway asks for (\`Retry-After\`); where that is more
than the last figure, the attempts end and the client is told.

Where a page says that a body passes byte for byte, there are two exceptions: \`policies.pinUser\`, which is asked for and names the user, and
\`"store": false\` in a response under a key of several tenants.
`
}

/** The table of the dialect `openai`, by first segment. */
function openaiRows() {
  const groups = groupBy(Object.entries(openaiEndpoints), ([path]) => path.split('/')[0])
  return [...groups].map(([first, entries]) => `| \`${first}\` | ${entries.map(endpointCell).join(', ')} |`)
}

/** `Map.groupBy`, which Node 20 has not. */
function groupBy(items, keyOf) {
  const groups = new Map()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

/** `GET, POST files`, with a mark for what is stored. */
function endpointCell([path, entry]) {
  const endpoints = Array.isArray(entry) ? entry : [entry]
  const methods = endpoints.map(({ methods: each, model, object }) =>
    each.map((method) => `${method}${model === 'stored' ? '°' : ''}${object === undefined ? '' : '*'}`),
  )
  return `${methods.flat().join(' ')} \`${path}\``
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
  for (const [path, text] of Object.entries(generateFiles())) {
    writeFileSync(join(root, path), text)
    process.stdout.write(`${path}: ${text.split('\n').length} lines\n`)
  }
}
