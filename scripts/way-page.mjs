// The page docs/way-of-a-call.md, from the signatures of the rooms and what they say that they refuse with.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCodes } from '../packages/protocol/dist/index.js'

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages')

/** The stages in their order: the file with the signature, the name there, and what the stage adds to the call. */
const stages = [
  { name: 'admit', file: 'core/src/rooms.ts', declaration: 'admit(', adds: 'nothing' },
  { name: 'identify', file: 'ports/src/identify.ts', declaration: 'export type Identify ', adds: 'the principal: who calls' },
  {
    name: 'follow',
    file: 'core/src/rooms.ts',
    declaration: 'follow(',
    adds: 'a place among the calls that the end of their session ends',
  },
  { name: 'resolve', file: 'core/src/resolve/resolve.ts', declaration: 'export type Resolve ', adds: 'the route: gateway, key, endpoint' },
  {
    name: 'police',
    file: 'core/src/police/police.ts',
    declaration: 'export type Police ',
    adds: 'the permit: the body to send, and what it asks for',
  },
  {
    name: 'confirm',
    file: 'core/src/resolve/confirm.ts',
    declaration: 'export type Confirm ',
    adds: 'the route of now, where the body was waited for',
  },
  { name: 'tag', file: 'core/src/tag/tag.ts', declaration: 'export type Tag ', adds: 'the tags: ids of request, workflow, step and trace' },
  {
    name: 'join',
    file: 'core/src/join/join.ts',
    declaration: 'export type Join ',
    adds: 'the answer of the first call, for a repeat; for the first, those who may join',
  },
  {
    name: 'reserve',
    file: 'core/src/reserve/reserve.ts',
    declaration: 'export type Reserve ',
    adds: 'a call less that the session has left',
  },
  {
    name: 'observe',
    file: 'core/src/observe/observe.ts',
    declaration: 'export type Observe ',
    adds: 'the tap: what the answer says of itself, as it passes',
  },
  { name: 'forward', file: 'core/src/forward/forward.ts', declaration: 'export type Forward ', adds: 'the outcome: how the answer ended' },
  { name: 'retry', file: 'core/src/forward/retry.ts', declaration: 'export type Retry ', adds: 'another attempt, under a new id' },
  {
    name: 'account',
    file: 'core/src/account/account.ts',
    declaration: 'export type Account ',
    adds: 'the receipt: the line in the ledger',
  },
]

/** What the forward room says in words, since each gateway's errors are classified into these. */
const ofGateways = Object.keys(errorCodes).filter((code) => code.startsWith('gateway_'))

export function wayPage() {
  return `# The way of a call

[\`packages/core/src/corridor.ts\`](../packages/core/src/corridor.ts) is this page as code. A door (Node's server, or the middleware in Express) reads the
head, refuses what has no one reading, and hands the call over as an \`Arrival\`. Each stage adds one fact and gets only the facts that its signature names.
None of a session's calls is used up before \`reserve\`, and whatever can refuse by a rule stands above it. Two things are used up earlier, in \`identify\`: a proof of
possession, which is good once, and a call of an anonymous caller, which counts against its limit.

\`\`\`text
${picture()}
\`\`\`

| stage | does | adds | may refuse with |
|---|---|---|---|
${stages.map(row).join('\n')}

While a call waits for a stage, [\`wait\`](../packages/core/src/rooms.ts) may end it: with \`draining\` once the process ends what still runs at its deadline and, behind
\`follow\`, with \`caller_revoked\` once its session is revoked. \`forward\`, which waits for the gateway, is ended by the same two causes.

Whatever a stage throws ends at one place, [\`answers/refuse.ts\`](../packages/core/src/answers/refuse.ts), and then in \`account\`: every call has one line in the ledger,
whatever its ending. [errors.md](errors.md) says what each code means.
`
}

function row({ name, file, declaration, adds }) {
  const comment = commentBefore(file, declaration)
  const [description] = comment.split(/@throws|@returns|@param|\n\n/)
  const codes = name === 'forward' ? ofGateways : codesIn(comment)
  const refusals =
    codes.length === 0 ? (name === 'retry' ? 'the failure itself' : 'nothing') : codes.map((code) => `\`${code}\``).join(', ')
  return `| [\`${name}\`](../packages/${file}) | ${sentence(description)} | ${adds} | ${refusals} |`
}

/** The documentation comment above a declaration, without its stars. */
function commentBefore(file, declaration) {
  const text = readFileSync(join(source, file), 'utf8')
  const at = text.indexOf(declaration)
  if (at === -1) throw new Error(`${file} declares no ${declaration.trim()}.`)
  const begin = text.lastIndexOf('/**', at)
  return text
    .slice(begin + 3, text.indexOf('*/', begin))
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
}

/** The error codes that a comment names; a pattern such as `caller_…` stands for all that begin so. */
function codesIn(comment) {
  const [, refusals = ''] = comment.split('@throws')
  const named = [...refusals.matchAll(/`([a-z_]+)(…?)`/g)].flatMap(([, code, more]) =>
    more === '' ? [code] : Object.keys(errorCodes).filter((known) => known.startsWith(code)),
  )
  const unknown = named.find((code) => !Object.hasOwn(errorCodes, code))
  if (unknown !== undefined) throw new Error(`A comment names the code ${unknown}, which does not exist.`)
  return [...new Set(named)]
}

function sentence(text) {
  return text
    .replace(/\{@link ([^}]+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}

/** One line for each stage: what comes in at its left, what leaves at its right. */
function picture() {
  const width = Math.max(...stages.map(({ name }) => name.length))
  const lines = stages.map(({ name, adds }) => `  │  ${name.padEnd(width)}  + ${adds}`)
  return ['request ─▶ door ─▶ Arrival', ...lines, '  ▼', 'answer, and one line in the ledger'].join('\n')
}
