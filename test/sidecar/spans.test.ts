import { afterEach, describe, expect, test } from 'vitest'
import { plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const callersTrace = '0af7651916cd43dd8448eb211c80319c'
const callersSpan = 'b7ad6b7169203331'
const recorded = `00-${callersTrace}-${callersSpan}-01`

interface Scene {
  readonly sidecar: OpenSidecar
  readonly receiver: OtlpReceiver
  /** The `traceparent` of each attempt, as the gateway got it. */
  readonly atGateway: () => readonly string[]
  chat(headers?: Readonly<Record<string, string>>, body?: object): Promise<Response>
}

type Answer = Parameters<typeof startHostileUpstream>[0]
const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
const answers: Answer = (_, response) => {
  const body = JSON.stringify({ ...(JSON.parse(plainCompletion) as object), usage })
  response.writeHead(200, { 'content-type': 'application/json' }).end(body)
}

async function setScene(answer: Answer = answers, config: Readonly<Record<string, object>> = {}): Promise<Scene> {
  const receiver = await startOtlpReceiver()
  closing.push(() => receiver.close())
  // A gateway that failed a call is asked with HEAD whether it is there.
  const upstream = await startHostileUpstream((request, response, ...more) =>
    request.method === 'HEAD' ? void response.writeHead(204).end() : answer(request, response, ...more),
  )
  closing.push(() => upstream.close())
  const gateways = { main: { dialect: 'freeai', baseURL: upstream.baseURL, addressLimit: 'off' } }
  const keys = { acme: { gateway: 'main', secret: { env: 'KEY' }, project: 'p' } }
  const sidecar = await openSidecar({
    backend: 'http://127.0.0.1:9',
    config: { telemetry: { otlp: { url: `${receiver.url}/` } }, gateways, keys, ...config },
    env: { OTEL_BSP_SCHEDULE_DELAY: '100' },
  })
  closing.push(() => sidecar.close())
  return {
    sidecar,
    receiver,
    atGateway: () =>
      upstream.seen
        .filter(({ rawHeaders }) => rawHeaders.some((name) => name.toLowerCase() === 'traceparent'))
        .map(({ rawHeaders }) => rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'traceparent') + 1] as string),
    chat: (headers = {}, body = {}) =>
      fetch(`${sidecar.origin}/ai/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${sidecar.credential}`, ...headers },
        body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'What I ask is private.' }], ...body }),
      }),
  }
}

/** The spans, once there are so many. */
async function spansOf({ receiver }: Scene, count: number): Promise<readonly ReceivedSpan[]> {
  await expect.poll(() => receiver.spans.length, { timeout: 12_000 }).toBe(count)
  return receiver.spans
}

const server = (spans: readonly ReceivedSpan[]): ReceivedSpan => spans.find(({ kind }) => kind === 2) as ReceivedSpan
const clients = (spans: readonly ReceivedSpan[]): readonly ReceivedSpan[] =>
  spans.filter(({ kind }) => kind === 3).toSorted((one, other) => one.startMs - other.startMs)

describe('the spans of a call', { timeout: 30_000 }, () => {
  test('continue the trace of the caller, and the gateway continues that of the attempt', async () => {
    const scene = await setScene()
    const tags = { 'x-workflow-id': 'onboarding-42', 'x-step-id': 'draft', traceparent: recorded }
    const answer = await scene.chat(tags)
    await answer.text()
    const spans = await spansOf(scene, 2)
    const [call, [attempt]] = [server(spans), clients(spans)] as [ReceivedSpan, readonly [ReceivedSpan]]
    expect(call).toMatchObject({ traceId: callersTrace, parentSpanId: callersSpan, name: 'POST /v1/chat/completions' })
    expect(attempt).toMatchObject({ traceId: callersTrace, parentSpanId: call.spanId, name: 'chat auto' })
    expect(scene.atGateway()).toEqual([`00-${callersTrace}-${attempt.spanId}-01`])
    for (const { attributes } of spans)
      expect(attributes).toMatchObject({ 'postern.workflow': 'onboarding-42', 'postern.step': 'draft', 'postern.key': 'acme' })
    expect(call.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'http.route': '/v1/chat/completions',
      'postern.request_id': answer.headers.get('x-request-id'),
      'postern.finish': 'complete',
    })
    expect(attempt.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'auto',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 3,
    })
    expect(call.startMs).toBeLessThanOrEqual(attempt.startMs)
    expect(attempt.endMs).toBeGreaterThan(attempt.startMs)
    expect(Math.abs(call.endMs - Date.now())).toBeLessThan(30_000)
    expect(scene.receiver.paths).toEqual(['/v1/traces'])
    expect(scene.receiver.text()).not.toMatch(/jt_0123456789|pst_of_an_agent|What I ask is private|svc-acme/)
  })

  test('are one for each attempt, with what the first one failed with', async () => {
    let asked = 0
    const away = '{"error":{"message":"No healthy free-tier model available","type":"service_unavailable","code":"no_candidate"}}'
    const scene = await setScene((_, response) => {
      asked += 1
      response.writeHead(asked === 1 ? 503 : 200, { 'content-type': 'application/json' }).end(asked === 1 ? away : plainCompletion)
    })
    await (await scene.chat({ traceparent: recorded })).text()
    const spans = await spansOf(scene, 3)
    const [first, second] = clients(spans) as [ReceivedSpan, ReceivedSpan]
    expect(first).toMatchObject({ status: 2, parentSpanId: server(spans).spanId })
    expect(first.attributes).toMatchObject({ 'postern.attempt': 1, 'error.type': expect.stringContaining('gateway_') })
    expect(second).toMatchObject({ parentSpanId: server(spans).spanId, attributes: { 'postern.attempt': 2 } })
    expect(second.startMs).toBeGreaterThanOrEqual(first.endMs)
    expect(server(spans).parentSpanId).toBe(callersSpan)
    expect(scene.atGateway()).toEqual([first, second].map(({ spanId }) => `00-${callersTrace}-${spanId}-01`))
  })

  test('tell when the first bytes of a stream came', async () => {
    const scene = await setScene((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"id":"x","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    })
    await (await scene.chat({}, { stream: true })).text()
    expect(clients(await spansOf(scene, 2))[0]?.events).toEqual(['gen_ai.first_token'])
  })

  test('begin a trace that is recorded where the caller brings none', async () => {
    const scene = await setScene()
    await (await scene.chat()).text()
    const spans = await spansOf(scene, 2)
    expect(server(spans).parentSpanId).toBeUndefined()
    expect(scene.atGateway()).toEqual([`00-${server(spans).traceId}-${clients(spans)[0]?.spanId}-01`])
  })

  test('are of a refused call as well, which has no attempt', async () => {
    const scene = await setScene()
    await (await scene.chat({ authorization: 'Bearer nobody', traceparent: recorded })).text()
    const [call] = await spansOf(scene, 1)
    expect(call).toMatchObject({ kind: 2, traceId: callersTrace, parentSpanId: callersSpan })
    expect(call?.attributes).toMatchObject({ 'http.response.status_code': 401, 'error.type': 'caller_invalid' })
  })

  test('are none where the caller says that its trace is not recorded', async () => {
    const scene = await setScene()
    await (await scene.chat({ traceparent: `00-${callersTrace}-${callersSpan}-00` })).text()
    await (await scene.chat()).text()
    const spans = await spansOf(scene, 2)
    expect(spans.filter(({ traceId }) => traceId === callersTrace)).toEqual([])
    expect(scene.atGateway()[0]).toMatch(new RegExp(`^00-${callersTrace}-[0-9a-f]{16}-00$`))
  })
})

describe('a collector', { timeout: 30_000 }, () => {
  test('that takes nothing costs no call, and the log says that spans are lost, once', async () => {
    const scene = await setScene()
    scene.receiver.answer(400)
    for (const _ of [1, 2, 3]) expect((await scene.chat()).status).toBe(200)
    await expect.poll(() => scene.sidecar.stdout(), { timeout: 12_000 }).toContain('"msg":"spans_lost"')
    expect(scene.sidecar.stdout().match(/spans_lost/g)).toHaveLength(1)
    scene.receiver.answer(200)
    await (await scene.chat()).text()
    await expect.poll(() => scene.sidecar.stdout(), { timeout: 12_000 }).toContain('"msg":"spans_sent_again"')
  })

  test('gets the last spans before the process ends', async () => {
    const scene = await setScene()
    await (await scene.chat()).text()
    process.kill(scene.sidecar.pid, 'SIGTERM')
    await expect.poll(() => scene.sidecar.lives()).toBe(false)
    expect(scene.receiver.spans).toHaveLength(2)
  })
})

describe('without a collector', () => {
  test('the traces that begin here say that they are not recorded', async () => {
    const scene = await setScene(answers, { telemetry: {} })
    await (await scene.chat()).text()
    expect(scene.atGateway()[0]).toMatch(/-00$/)
    expect(scene.receiver.paths).toEqual([])
  })
})
