import assert from 'node:assert/strict'
import { type ErrorCode, errorCodes, type GovernanceRecord } from '@postern/protocol'
import type { SeenRequest } from '@postern/emulator'
import type { ConformanceCase } from './conformance-case.js'
import { holds, isNumber } from './expect.js'
import type { Answer, CallOptions, Subject } from './subject.js'

/** Makes the cases of one table of a gateway's contract. */
export interface Table {
  /** A row with a check of its own. */
  row(row: string, run: ConformanceCase['run']): ConformanceCase
  /** A row that a real gateway can be asked as well. */
  liveRow(row: string, run: ConformanceCase['run']): ConformanceCase
  /** A row of the errors: the gateway's answer, asked for by the emulator's name of it, becomes ours. */
  error(row: string, named: string, becomes: Becomes): ConformanceCase
  /** A request header that the client sets: passed on as it came, or stripped. */
  requestHeader(row: string, name: string, fate: 'passes' | 'is stripped'): ConformanceCase
  /** A member of a chat body: the body arrives byte for byte, with nothing added. */
  bodyMember(row: string, members: Readonly<Record<string, unknown>>, status?: number): ConformanceCase
  /** Something in an answer that the governance record holds. */
  recorded(row: string, ask: Ask, record: Readonly<Record<string, unknown>>): ConformanceCase
  /** A response header of the gateway that the client gets. */
  responseHeader(row: string, ask: Ask, name: string, value: RegExp): ConformanceCase
  /** A path at this method: asked of the gateway at this path of its own. */
  endpoint(row: string, path: string, options: CallOptions, check: EndpointCheck): ConformanceCase
  /** A path that Postern keeps to itself, or that there is not. */
  notOffered(row: string, path: string, refusal: [status: number, code: string], options?: CallOptions): ConformanceCase
}

/** What an error of the gateway becomes: a code of ours, or the gateway's own where the request was wrong. */
export interface Becomes {
  readonly status: number
  readonly code: string
  /** Asked on another endpoint than chat. */
  readonly path?: string
  readonly body?: unknown
  readonly message?: RegExp
  readonly retryAfter?: RegExp
  readonly cause?: RegExp
}

export interface Ask {
  readonly named?: string
  readonly stream?: boolean
  readonly body?: Readonly<Record<string, unknown>>
}

export interface EndpointCheck {
  /** Path at the gateway; by default the base path and the same. */
  readonly upstream: string
  readonly status?: number
  readonly type?: RegExp
  readonly json?: Readonly<Record<string, unknown>>
  readonly record?: Readonly<Record<string, unknown>>
  /** No key goes there. */
  readonly open?: true
}

export function table(title: string): Table {
  const make = (row: string, run: ConformanceCase['run'], live?: true): ConformanceCase => ({
    table: title,
    row,
    run,
    ...(live === undefined ? {} : { live }),
  })
  return {
    row: (row, run) => make(row, run),
    liveRow: (row, run) => make(row, run, true),
    error: (row, named, becomes) =>
      make(`${row} → ${becomes.status} ${becomes.code}`, async (subject) => {
        const path = becomes.path ?? 'chat/completions'
        const body = { ...(becomes.body as object | undefined), ...chatBody(subject, { named }), ...bodyBeside(becomes.body) }
        const answer = await subject.call(path, { body })
        assertRefused(answer, becomes)
        holds(subject.entry(), {
          status: becomes.status,
          finish: 'upstream_error',
          ...(becomes.cause === undefined ? {} : { cause: becomes.cause }),
        })
      }),
    requestHeader: (row, name, fate) =>
      make(`${row} ${fate}`, async (subject) => {
        const answer = await subject.call('chat/completions', { body: chatBody(subject), headers: { [name]: 'lite-0.of' } })
        assert.equal(answer.status, 200, answer.text)
        const values = headersNamed(oneReached(subject), name)
        if (fate === 'passes') assert.deepEqual(values, ['lite-0.of'])
        else assert.ok(!values.includes('lite-0.of'), `${name} reached the gateway: ${values.join()}`)
      }),
    bodyMember: (row, members, status = 200) =>
      make(row, async (subject) => {
        // Odd spacing, an odd number and an order of its own: what is written anew would show.
        const text = `{ "seed" : 1.50, ${JSON.stringify({ ...chatBody(subject), ...members }).slice(1, -1)}  }`
        const answer = await subject.call('chat/completions', { body: Buffer.from(text), headers: { 'content-type': 'application/json' } })
        assert.equal(answer.status, status, answer.text)
        assert.equal(oneReached(subject).body.toString('utf8'), text)
      }),
    recorded: (row, ask, record) =>
      make(`${row} → record`, async (subject) => {
        const answer = await askChat(subject, ask)
        assert.equal(answer.status, 200, answer.text)
        holds(answer.record, { finish: 'complete', ...record }, 'record')
        holds(subject.entry(), record, 'entry')
      }),
    responseHeader: (row, ask, name, value) =>
      make(`${row} reaches the client, pages included`, async (subject) => {
        const answer = await askChat(subject, ask)
        holds(answer.header(name), value, name)
        holds(answer.header('access-control-expose-headers')?.toLowerCase().split(', '), (names: unknown) =>
          (names as string[]).includes(name.toLowerCase()),
        )
      }),
    endpoint: (row, path, options, check) =>
      make(row, async (subject) => {
        const answer = await subject.call(path, options)
        assert.equal(answer.status, check.status ?? 200, answer.text)
        if (check.type !== undefined) holds(answer.header('content-type'), check.type)
        if (check.json !== undefined) holds(answer.json, check.json, 'answer')
        if (check.record !== undefined) holds(answer.record, check.record, 'record')
        const seen = oneReached(subject)
        assert.equal(seen.url.split('?', 1)[0], check.upstream)
        if (check.open === true) assert.deepEqual(seen.credentials, [])
        else assert.equal(seen.credentials[0]?.value, subject.keys[0])
      }),
    notOffered: (row, path, [status, code], options) =>
      make(row, async (subject) => {
        const answer = await subject.call(path, options)
        assert.deepEqual([answer.status, answer.error.code, answer.header('postern-refusal')], [status, code, code])
        assert.deepEqual(subject.reached(), [])
      }),
  }
}

/** A chat body, with an emulated case as its model where one is asked for. */
export function chatBody(subject: Pick<Subject, 'model'>, { named, stream, body }: Ask = {}): Readonly<Record<string, unknown>> {
  return {
    model: named === undefined ? subject.model : `emulate/${named}`,
    messages: [{ role: 'user', content: 'one two three four five six' }],
    ...(stream === true ? { stream: true } : {}),
    ...body,
  }
}

/** Other endpoints have no messages. */
function bodyBeside(body: unknown): Readonly<Record<string, unknown>> {
  return body === undefined ? {} : { messages: undefined }
}

export function askChat(subject: Subject, ask: Ask = {}): Promise<Answer> {
  return subject.call('chat/completions', { body: chatBody(subject, ask) })
}

/** The one request that reached the gateway. */
export function oneReached(subject: Subject): SeenRequest {
  const seen = subject.reached()
  assert.equal(seen.length, 1, 'requests at the gateway')
  return seen[0] as SeenRequest
}

export function headersNamed({ headers }: SeenRequest, name: string): string[] {
  return headers.filter(([header]) => header.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** The envelope, the code, and whether a retry can help: the same for every gateway. */
export function assertRefused(answer: Answer, becomes: Becomes): void {
  assert.deepEqual([answer.status, answer.error.code], [becomes.status, becomes.code], answer.text)
  assert.deepEqual(Object.keys(answer.error), ['message', 'type', 'code', 'param'])
  assert.ok((answer.error.message ?? '').length > 5)
  if (becomes.message !== undefined) assert.match(answer.error.message ?? '', becomes.message)
  const mayHelp = Object.hasOwn(errorCodes, becomes.code) && errorCodes[becomes.code as ErrorCode].retryable
  assert.equal(answer.header('x-should-retry'), mayHelp ? null : 'false')
  assert.equal(answer.header('postern-refusal'), null, 'it was the gateway that refused')
  if (becomes.status === 429)
    holds(Number(answer.header('retry-after')), (seconds: unknown) => (seconds as number) >= 1 && (seconds as number) <= 60)
  if (becomes.retryAfter !== undefined) assert.match(answer.header('retry-after') ?? '', becomes.retryAfter)
  holds(answer.record, { finish: 'upstream_error', request_id: answer.header('x-request-id'), attempt: 1, key: 'acme' } satisfies Partial<
    Record<keyof GovernanceRecord, unknown>
  >)
}

/** A whole stream that was read to its end. */
export function assertWhole(answer: Answer): void {
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.header('content-type') ?? '', /^text\/event-stream/)
  assert.equal(answer.cut, false)
  holds(answer.record, { finish: 'complete', overhead_ms: isNumber })
}
