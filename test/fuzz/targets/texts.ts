import { isDeepStrictEqual } from 'node:util'
import { formatHashRing, formatManifest, parseHashRing } from '@postern/config'
import { readJsonObject } from '@postern/core'
import {
  asModelList,
  createAnswerReader,
  createErrorClassifier,
  type Dialect,
  dialectIds,
  dialects,
  type Endpoint,
} from '@postern/gateways'
import { Refusal } from '@postern/ports'
import {
  formatRequestId,
  governanceComment,
  isPlainName,
  looksLikeKey,
  parseGovernance,
  parseRequestId,
  redactKeys,
  serializeGovernance,
} from '@postern/protocol'
import { actAs, tagHeaders } from '@postern/server'
import type { Choices } from '../choices.js'
import { completion } from '../stand/behind.js'
import { bytesOf, mutate, run, utf8 } from '../inputs/bytes.js'
import { bigJson, changed, jsonObject, jsonValue, memberName } from '../inputs/json.js'
import { anyText, word } from '../inputs/text.js'
import { broken, type Call, valueTarget, type ValueTarget } from './values.js'

const hexes = [
  'a'.repeat(64),
  '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  '0'.repeat(63),
  'F'.repeat(64),
  'g'.repeat(64),
  '',
]

function ringText(choices: Choices): string {
  const entry = (): string => {
    const digest = choices.oneIn(2)
      ? choices.pick(hexes)
      : choices
          .below(2 ** 31)
          .toString(16)
          .padStart(64, choices.pick(['0', 'a', 'f']))
    return choices.pick([`${word(choices)}:${digest}`, digest, ` ${word(choices)} : ${digest} `, `a:b:${digest}`, word(choices)])
  }
  const entries = choices.some(8, entry)
  const text = choices.oneIn(4)
    ? JSON.stringify(
        changed(choices, {
          version: 1,
          entries: entries.map((label) => ({ label, sha256: choices.pick(hexes), created_at: '2026-01-01T00:00:00Z' })),
        }),
      )
    : entries.join(choices.pick([',', '\n', '\r\n', ' ,\n']))
  if (choices.oneIn(200)) return run(choices, 50_000, [':', ',', '\n', 'a:', ' ', '{', 'a,'])
  return choices.oneIn(4) ? mutate(choices, text) : text
}

function checkRing(text: string, call: Call) {
  const { entries } = call(() => parseHashRing(text))
  const manifest = parseHashRing(formatManifest(entries, new Date(0)))
  if (manifest.entries.length !== entries.length) return broken('a ring has other entries once it is written as a manifest')
  // A label with a comma can stand in a manifest only.
  if (entries.some(({ label }) => label.includes(','))) return undefined
  const again = parseHashRing(formatHashRing(entries)).entries
  const plain = entries.map(({ label, digest }) => ({ label, digest }))
  return isDeepStrictEqual(again, plain) ? undefined : broken('a ring is another one once it is written down')
}

/** JSON as bytes: sound, nearly so, large, or of bytes that are no text. */
function jsonBytes(choices: Choices): Buffer {
  if (choices.oneIn(400)) return bytesOf(bigJson(choices, 200_000))
  const text = utf8(JSON.stringify(choices.oneIn(4) ? jsonValue(choices) : jsonObject(choices)))
  switch (choices.below(5)) {
    case 0:
    case 1:
      return bytesOf(text)
    case 2:
      return bytesOf(mutate(choices, text))
    case 3:
      return bytesOf(text.replace('{', `{"${memberName(choices).replaceAll(/["\\]/g, '')}":1,`))
    default:
      return bytesOf(choices.pick(['\xef\xbb\xbf', ' ', '\0', '']) + text + choices.pick(['', ' ', '}', '\n', '\xff']))
  }
}

function checkJson(bytes: Buffer, call: Call) {
  let read: unknown
  try {
    read = call(() => readJsonObject(bytes))
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  return isDeepStrictEqual(read, withoutLateNumbers(JSON.parse(text))) ? undefined : broken('a body is read as something else than it says')
}

/** Postern leaves the numbers behind the 65,536th item of a list out of what policy sees: no policy reads them. */
function withoutLateNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutLateNumbers(member)]))
  const kept: unknown[] = []
  for (const item of value) if (kept.length < 65_536 || typeof item !== 'number') kept.push(withoutLateNumbers(item))
  return kept
}

const governance = {
  request_id: '_._.01ARZ3NDEKTSV4RRFFQ69G5FAV.1',
  attempt: 1,
  model: 'm',
  usage: { input: 1, output: 2, source: 'answer' as const },
  cost: { amount: 0.1, unit: 'USD' },
  finish: 'complete' as const,
}

interface Names {
  readonly text: string
  readonly parts: { readonly workflow: string; readonly step: string; readonly ulid: string; readonly attempt: number }
  readonly who: Readonly<Record<string, unknown>>
}

function checkNames({ text, parts, who }: Names, call: Call) {
  const parsed = call(() => parseRequestId(text))
  if (parsed !== undefined && formatRequestId(parsed) !== text && !/\.0\d+$/.test(text))
    return broken('an id is another one once it is taken apart')
  const again = parseRequestId(formatRequestId(parts))
  if (again !== undefined && again.ulid !== parts.ulid && !parts.workflow.includes('.') && !parts.step.includes('.'))
    return broken('the parts of an id are others once they are joined')
  call(() => looksLikeKey(text))
  const redacted = call(() => redactKeys(text))
  if (redactKeys(redacted) !== redacted) return broken('a redacted text has a key in it')
  const record = serializeGovernance({ ...governance, model: text, key: parts.workflow })
  if (!/^[\x20-\x7e]*$/.test(record)) return broken('a record holds what no header may')
  if (parseGovernance(record)?.model !== text) return broken('a record says something else once it is read')
  call(() => parseGovernance(text))
  if (`${governanceComment}${record}`.includes('\n')) return broken('a record ends its line')
  tagHeaders({ workflow: parts.workflow, step: parts.step })
  try {
    const said = call(() => actAs(who))
    if (!/^[\x21-\x7e ]*$/.test(said)) return broken('Act-As holds what no header may')
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  call(() => isPlainName(text))
  return undefined
}

const readers = dialectIds.map((id) => {
  const dialect: Dialect = dialects[id]
  const endpoints = Object.values(dialect.endpoints).flat() as readonly Endpoint[]
  return {
    classifier: createErrorClassifier(dialect),
    answers: endpoints.slice(0, 3).map(({ format }) => createAnswerReader(dialect, format)),
    catalogues: endpoints.flatMap(({ catalogue }) => (catalogue === undefined ? [] : [asModelList(catalogue)])),
  }
})

interface Document {
  readonly status: number
  readonly header: string
  readonly document: unknown
}

/** Reading what a gateway says of itself never throws, whatever it says. */
function checkDocument({ status, header, document }: Document, call: Call): undefined {
  for (const { classifier, answers, catalogues } of readers) {
    classifier.isError(document)
    classifier.classify(status, document)
    for (const answer of answers) {
      answer.headers(() => header)
      answer.body(document, status === 200 ? 'answer' : 'stream')
    }
    for (const catalogue of catalogues) call(() => catalogue(document))
  }
}

export const textTargets: readonly ValueTarget[] = [
  valueTarget({ name: 'hash-ring', title: 'hash rings and manifests', share: 60, make: ringText, check: checkRing }),
  valueTarget({ name: 'json', title: 'bodies of JSON, read strictly', share: 100, make: jsonBytes, check: checkJson }),
  valueTarget({
    name: 'names',
    title: 'request ids, tags, records, Act-As, redaction',
    share: 100,
    make: (choices) => ({
      text: choices.oneIn(300)
        ? run(choices, 100_000, ['sk-', 'a.', '-', '_', 'jt_', 'a', 'AIza', 'sk-a'])
        : choices.oneIn(3)
          ? mutate(choices, `a.b.01ARZ3NDEKTSV4RRFFQ69G5FAV.${choices.below(12_000)}`)
          : anyText(choices, 60),
      parts: { workflow: word(choices), step: word(choices), ulid: '01ARZ3NDEKTSV4RRFFQ69G5FAV', attempt: choices.below(10_000) },
      who: choices.oneIn(3)
        ? jsonObject(choices)
        : Object.fromEntries(choices.some(3, () => [choices.pick(['user', 'team', 'project']), word(choices)])),
    }),
    check: checkNames,
  }),
  valueTarget({
    name: 'documents',
    title: 'documents of gateways: usage, errors, records',
    share: 80,
    make: (choices) => ({
      status: choices.pick([200, 400, 401, 402, 403, 429, 500, 503]),
      header: word(choices),
      document: changed(
        choices,
        choices.pick<unknown>([
          completion,
          { error: { message: word(choices), code: 'x', type: 'y' }, ...jsonObject(choices) },
          { data: [{ id: word(choices) }], models: [jsonValue(choices)] },
        ]),
      ),
    }),
    check: checkDocument,
  }),
]
