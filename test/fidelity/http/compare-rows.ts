import { setTimeout as sleep } from 'node:timers/promises'
import {
  differingHeaders,
  knownIn,
  ofBackendRequests,
  ofEveryAnswer,
  ofEveryRequest,
  ofGatewayAnswers,
  ofGatewayRequests,
} from '../known-headers.js'
import { type Answered, askOnWire } from './ask-on-wire.js'
import type { Message } from './message.js'
import { withoutFrame } from '../without-frame.js'
import { openRoads } from './open-roads.js'
import { type Road, type Row, roads } from './row.js'
import { startWireUpstream, type WireUpstream } from './wire-upstream.js'

/** What became of one row on one road. */
export interface RowResult {
  readonly group: string
  readonly name: string
  readonly road: Road
  readonly outcome: 'same' | 'on purpose' | 'different'
  /** What differs and is not listed, and what is listed and does not differ. */
  readonly differences: readonly string[]
}

interface Exchanged {
  readonly answered: Answered
  readonly seen: readonly Message[]
}

const isKnown = {
  gateway: { request: knownIn(ofEveryRequest, ofGatewayRequests), answer: knownIn(ofEveryAnswer, ofGatewayAnswers) },
  backend: { request: knownIn(ofEveryRequest, ofBackendRequests), answer: knownIn(ofEveryAnswer) },
} as const

const longestMs = 300
const stepMs = 10

/** Plays every row directly and on its roads, one after the other. */
export async function compareRows(rows: readonly Row[], step: (label: string) => void): Promise<RowResult[]> {
  const upstream = await startWireUpstream()
  const postern = await openRoads(upstream.origin)
  const results: RowResult[] = []
  try {
    for (const row of rows) {
      step(row.name)
      const direct = await exchange(upstream, row, upstream.origin, '/v1/', [])
      for (const road of row.roads ?? roads) {
        const [before, further] = road === 'gateway' ? ['/ai/v1/', [`Authorization: Bearer ${postern.credential}`]] : ['/v1/', []]
        results.push(judge(row, road, direct, await exchange(upstream, row, postern.origin, before, further)))
      }
    }
  } finally {
    await postern.close()
    await upstream.close()
  }
  return results
}

/** Exchanges so far: each asks for a path of its own, so that what comes late of one is not taken for the next. */
let count = 0

async function exchange(upstream: WireUpstream, row: Row, origin: string, before: string, further: readonly string[]): Promise<Exchanged> {
  count += 1
  const path = row.asked.path ?? `things/n${count}`
  const own = (): Message[] => upstream.take().filter(({ start }) => row.asked.path !== undefined || start.endsWith(`/${path}`))
  upstream.answers(row.answered)
  const answered = await askOnWire(origin, before, { ...row.asked, path }, further)
  if (row.answered.early === true && row.raced !== true) await untilWhole(own)
  const seen = row.raced === true ? [] : own()
  return { answered, seen: seen.map((message) => ({ ...message, start: message.start.replace(/\/things\/n\d+$/, '/things/n') })) }
}

/** What was sent behind an early answer is still on its way. */
async function untilWhole(seen: () => readonly Message[]): Promise<void> {
  for (let waited = 0; waited < longestMs && seen()[0]?.whole !== true; waited += stepMs) await sleep(stepMs)
}

function judge({ group, name, differs }: Row, road: Road, direct: Exchanged, through: Exchanged): RowResult {
  const found = differencesOf(direct, through, road)
  const listed = differs?.[road] ?? {}
  const differences = [
    ...[...found].filter(([what]) => !Object.hasOwn(listed, what)).map(([what, how]) => `${what}: ${how}`),
    ...Object.keys(listed)
      .filter((what) => !found.has(what))
      .map((what) => `${what}: listed as different, and the same`),
  ]
  return { group, name, road, outcome: differences.length > 0 ? 'different' : found.size > 0 ? 'on purpose' : 'same', differences }
}

function differencesOf(direct: Exchanged, through: Exchanged, road: Road): Map<string, string> {
  const found = new Map<string, string>()
  const note = (what: string, one: string, other: string): void => {
    if (one !== other) found.set(what, `${shorten(one)} directly, ${shorten(other)} through Postern`)
  }
  const [asked, passed] = [direct.seen[0], through.seen[0]]
  note('requests', String(direct.seen.length), String(through.seen.length))
  if (asked !== undefined && passed !== undefined) {
    note('request line', asked.start, passed.start)
    note('request body', asked.body, passed.body)
    note('request ending', asked.whole ? 'whole' : 'broken', passed.whole ? 'whole' : 'broken')
    note('request trailers', asked.trailers.join(), passed.trailers.join())
    for (const name of differingHeaders(asked.rawHeaders, passed.rawHeaders, isKnown[road].request))
      found.set(`request header ${name}`, 'not the same')
  }
  note('interim answers', direct.answered.interim.join(), through.answered.interim.join())
  note('ending', direct.answered.ending, through.answered.ending)
  const [one, other] = [direct.answered.final, through.answered.final]
  note('status', statusOf(one), statusOf(other))
  if (one === undefined || other === undefined || statusOf(one) !== statusOf(other)) return found
  note('reason', one.start, other.start)
  note('answer body', one.body, road === 'gateway' ? withoutFrame(other.body) : other.body)
  note('answer trailers', one.trailers.join(), other.trailers.join())
  const isDated = one.rawHeaders.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'date')
  // One is added where there is none (RFC 9110, 6.6.1).
  const known = (name: string): boolean => isKnown[road].answer(name) || (name === 'date' && !isDated)
  for (const name of differingHeaders(one.rawHeaders, other.rawHeaders, known)) found.set(`answer header ${name}`, 'not the same')
  return found
}

function statusOf(message: Message | undefined): string {
  return message?.start.slice(0, 3) ?? 'none'
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}
