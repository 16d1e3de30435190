import assert from 'node:assert/strict'
import type { ConformanceCase } from './conformance-case.js'
import { askChat, assertWhole, chatBody, headersNamed, oneReached, table } from './build-cases.js'
import { holds, isNumber, isText } from './expect.js'

/** What sets the common rows of one gateway apart. */
export interface CommonFacts {
  /** What reaches the gateway as credentials, in order. */
  readonly credentials: readonly string[]
  /** Whether its chunks carry the model. */
  readonly streamModel: boolean
  /** Whether its chat streams bring usage unasked. */
  readonly streamUsage: boolean
}

/** Rows that the contract of every gateway has: the credential, ids, the answer, what a connection can do. */
export function commonCases({ credentials, streamModel, streamUsage }: CommonFacts): readonly ConformanceCase[] {
  const keys = table('keys')
  const answers = table('answers')
  const connections = table('connections')
  return [
    keys.row('the key of the caller’s binding is sent, in the one documented form, and once', async (subject) => {
      await askChat(subject)
      const seen = oneReached(subject)
      assert.deepEqual(
        seen.credentials.map(({ where }) => where),
        credentials,
      )
      assert.deepEqual(headersNamed(seen, 'authorization'), [`Bearer ${subject.keys[0]}`])
    }),
    keys.row('another tenant’s call is sent with that tenant’s key', async (subject) => {
      await subject.call('chat/completions', { body: chatBody(subject), credential: subject.otherCaller })
      const [first] = oneReached(subject).credentials
      assert.ok(first !== undefined && first.value !== subject.keys[0] && subject.keys.includes(first.value))
    }),
    keys.row('a key that a client submits is refused, and the gateway is not asked', async (subject) => {
      for (const headers of [{ 'x-api-key': 'jt_0123456789' }, { 'X-Provider-Key': 'sk-0123456789abcdefgh' }]) {
        const answer = await subject.call('chat/completions', { body: chatBody(subject), headers })
        assert.deepEqual([answer.status, answer.error.code], [400, 'credential_in_request'])
        assert.deepEqual(subject.reached(), [])
      }
    }),
    keys.row('a revoked key → 502 gateway_key_rejected, and the client’s own sign-in is not doubted', async (subject) => {
      const answer = await askChat(subject, { named: 'gateway_key_rejected' })
      assert.deepEqual([answer.status, answer.error.code, answer.header('x-should-retry')], [502, 'gateway_key_rejected', 'false'])
      assert.equal(answer.header('www-authenticate'), null)
    }),
    keys.row('a key that the gateway repeats does not reach the client', async (subject) => {
      for (const named of ['echo-key', 'echo-key-error']) {
        const answer = await askChat(subject, { named })
        for (const key of subject.keys) assert.ok(!answer.text.includes(key))
        assert.ok(answer.status >= 400)
      }
    }),
    answers.liveRow('chat: 200, OpenAI’s form, usage, and the model in the record', async (subject) => {
      const answer = await askChat(subject)
      assert.equal(answer.status, 200, answer.text)
      holds(answer.json, {
        choices: (choices: unknown) => Array.isArray(choices) && choices.length === 1,
        usage: { total_tokens: isNumber },
      })
      holds(answer.record, {
        finish: 'complete',
        attempt: 1,
        key: 'acme',
        gateway: 'main',
        model: isText,
        usage: { total: isNumber, input: isNumber },
      })
    }),
    answers.liveRow('chat streamed: chunks, choices in each, [DONE] last, the record before it', async (subject) => {
      const answer = await askChat(subject, { stream: true })
      assertWhole(answer)
      assert.equal(answer.events.at(-1), '[DONE]')
      for (const event of answer.events.slice(0, -1)) holds(event, { choices: (choices: unknown) => Array.isArray(choices) })
      assert.match(answer.text.trimEnd().split('\n\n').at(-2) ?? '', /^: postern \{/)
      if (streamModel) holds(answer.record, { model: isText })
      if (streamUsage) holds(answer.record, { usage: { total: isNumber, source: 'stream' } })
    }),
    answers.row('the body of a request arrives byte for byte', async (subject) => {
      const text = `{"messages":[{"role":"user","content":"Ärger, 早上好, \\u00e9"}], "model":${JSON.stringify(subject.model)} }`
      const answer = await subject.call('chat/completions', { body: Buffer.from(text), headers: { 'content-type': 'application/json' } })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(oneReached(subject).body.toString('utf8'), text)
    }),
    answers.row('X-Request-ID: the caller’s is recorded and replaced, workflow and step are in ours', async (subject) => {
      const headers = { 'X-Request-ID': 'mine', 'X-Workflow-ID': 'onboarding-42', 'X-Step-ID': 'draft' }
      const answer = await subject.call('chat/completions', { body: chatBody(subject), headers })
      const sent = headersNamed(oneReached(subject), 'x-request-id')
      assert.match(sent.join(), /^onboarding-42\.draft\.[0-9A-Z]{26}\.1$/)
      assert.equal(answer.header('x-request-id'), sent[0])
      holds(subject.entry(), { client_request_id: 'mine', workflow: 'onboarding-42', step: 'draft' })
    }),
    answers.row('X-Request-ID: no two calls share one, since gateways bill by it', async (subject) => {
      const ids = new Set<string | undefined>()
      for (let count = 0; count < 5; count += 1) {
        await askChat(subject)
        ids.add(headersNamed(oneReached(subject), 'x-request-id')[0])
      }
      assert.equal(ids.size, 5)
    }),
    connections.row('HTML with a 200 → 502 gateway_answer_invalid', (subject) => becomes(subject, 'html', 502, 'gateway_answer_invalid')),
    connections.row('a redirect is not followed → 502 gateway_answer_invalid', (subject) =>
      becomes(subject, 'redirect', 502, 'gateway_answer_invalid'),
    ),
    connections.row('JSON that is none → 502 gateway_answer_invalid', (subject) =>
      becomes(subject, 'not-json', 502, 'gateway_answer_invalid'),
    ),
    connections.row('an answer that breaks off before its end → 502 gateway_failed', (subject) =>
      becomes(subject, 'cut-stream', 502, 'gateway_failed'),
    ),
    connections.row('a stream that breaks off is cut, and its record says truncated', async (subject) => {
      const answer = await askChat(subject, { named: 'cut-stream', stream: true })
      assert.deepEqual([answer.status, answer.cut, answer.events.includes('[DONE]')], [200, true, false])
      assert.equal(subject.entry().finish, 'truncated')
    }),
    connections.row('a stream that ends without its end mark is cut as well', async (subject) => {
      const answer = await askChat(subject, { named: 'end-without-done', stream: true })
      assert.deepEqual([answer.cut, subject.entry().finish], [true, 'truncated'])
    }),
    connections.row('events in pieces of seven bytes, and with CR LF, are the same events', async (subject) => {
      for (const named of ['split-events', 'crlf-events']) {
        const answer = await askChat(subject, { named, stream: true })
        assertWhole(answer)
        assert.equal(answer.events.at(-1), '[DONE]')
      }
    }),
    connections.row('cookies and hop-by-hop headers of the gateway go no further', async (subject) => {
      const answer = await askChat(subject, { named: 'set-cookie' })
      for (const name of ['set-cookie', 'alt-svc', 'proxy-authenticate', 'x-secret-hop']) assert.equal(answer.header(name), null, name)
    }),
    connections.row('an X-Request-ID of the gateway does not replace ours', async (subject) => {
      const answer = await askChat(subject, { named: 'request-id' })
      assert.match(answer.header('x-request-id') ?? '', /^_\._\.[0-9A-Z]{26}\.1$/)
    }),
  ]
}

async function becomes(subject: Parameters<ConformanceCase['run']>[0], named: string, status: number, code: string): Promise<void> {
  const answer = await askChat(subject, { named })
  assert.deepEqual([answer.status, answer.error.code], [status, code], answer.text)
  assert.equal(subject.reached().length, 1)
}
