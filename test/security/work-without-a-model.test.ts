import { compileEndpoints, dialects, endpointsOf } from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import { forAnAnsweringGateway } from '../support/answering-gateway.js'

/*
 * Much that a request sets going names no model and is billed all the same: a container by its time, a run that goes on, a search. So an
 * endpoint costs unless its entry says that it costs nothing, and a limit of money or tokens has nothing to bound it by.
 */

/** The writes that cost nothing: they end or pause something, name it anew, set its metadata, or store bytes that nobody is billed for. */
const freeWrites = new Set([
  'agents/automations/{id}/pause',
  'audio/voice_consents/{id}',
  'batches/{id}/cancel',
  'chat/completions/{id}',
  'conversations/{id}',
  'evals/{id}',
  'evals/{id}/runs/{run}/cancel',
  'files',
  'fine_tuning/alpha/graders/validate',
  'fine_tuning/jobs/{id}/cancel',
  'fine_tuning/jobs/{id}/pause',
  'responses/{id}/cancel',
  'skills/{id}',
  'threads/{id}',
  'threads/{id}/messages/{message}',
  'threads/{id}/runs/{run}/cancel',
  'uploads',
  'uploads/{id}/cancel',
  'uploads/{id}/complete',
  'uploads/{id}/parts',
  'vector_stores/{id}/file_batches/{batch}/cancel',
  'vector_stores/{id}/files/{file}',
])

const all = Object.values(dialects).flatMap((dialect) =>
  Object.entries(compileEndpoints(dialect, {})).flatMap(([path, entry]) =>
    endpointsOf(entry).map((endpoint) => ({ dialect: dialect.id, path, endpoint })),
  ),
)
const isRead = (methods: readonly string[]): boolean => methods.every((method) => method === 'GET' || method === 'DELETE')
const pathOf = (path: string): string => path.replaceAll(/\{[^/]*\}/g, 'x_1')
/** What is written and names no model, of the dialect that lists the whole API. */
const unnamed = all.filter(
  ({ dialect, endpoint }) => dialect === 'openai' && endpoint.model === 'none' && endpoint.methods.includes('POST'),
)

describe('work-without-a-model: the tables of endpoints', () => {
  test('what only reads or deletes says that it costs nothing', () => {
    const reads = all.filter(({ endpoint }) => isRead(endpoint.methods))
    expect(reads.length).toBeGreaterThan(80)
    expect(reads.filter(({ endpoint }) => endpoint.costs !== 'nothing').map(({ path }) => path)).toEqual([])
  })

  test('of all that writes, those alone say it that are known to cost nothing', () => {
    const said = all.filter(({ endpoint }) => !isRead(endpoint.methods) && endpoint.costs === 'nothing')
    expect(new Set(said.map(({ path }) => path))).toEqual(freeWrites)
    expect(said.every(({ endpoint }) => endpoint.model === 'none')).toBe(true)
  })

  test('what an operator opens costs unless the operator says otherwise, also where the dialect lists it', () => {
    const methods = ['POST'] as const
    const opened = compileEndpoints(dialects.openai, {
      rerank: { methods, format: 'plain', model: 'none' },
      files: { methods, format: 'plain', model: 'none' },
      stop: { methods, format: 'plain', model: 'none', costs: 'nothing' },
    })
    const costsOf = (path: string) => endpointsOf(opened[path] as never).find((endpoint) => endpoint.methods.includes('POST'))?.costs
    expect(['rerank', 'files', 'stop'].map(costsOf)).toEqual([undefined, undefined, 'nothing'])
  })
})

const prices = [{ model: 'm', unit: 'USD', perMillion: { input: 1, output: 1 }, maxOutput: 1000 }]
const methods: ('POST' | 'GET')[] = ['POST']
const endpoints = {
  rerank: { methods, format: 'plain', model: 'none' },
  stop: { methods, format: 'plain', model: 'none', costs: 'nothing' },
} as const

for (const [unit, rule] of Object.entries({ money: { spend: '5 USD' }, tokens: { tokens: 1_000_000 } }))
  forAnAnsweringGateway(
    { endpoints },
    (open) => {
      const call = async (method: string, path: string, body?: object): Promise<readonly [number, string | undefined, number]> => {
        open().answer((_request, response) => response.setHeader('content-type', 'application/json').end('{"id":"x_1","object":"x"}'))
        const before = open().upstream.seen.length
        const answer = await open().call(method, path, body)
        const { error } = (await answer.json()) as { error?: { code: string } }
        return [answer.status, error?.code, open().upstream.seen.length - before]
      }

      test(`work-without-a-model: under a limit of ${unit}, every write that costs is 400 ceiling_required`, async () => {
        const costing = [...unnamed.filter(({ endpoint }) => endpoint.costs === undefined).map(({ path }) => path), 'rerank']
        expect(costing).toEqual(
          expect.arrayContaining(['containers', 'threads/{id}/runs/{run}/submit_tool_outputs', 'vector_stores/{id}/search']),
        )
        for (const path of costing)
          for (const body of [{}, { memory_limit: '64g', query: 'a', file_ids: ['f'] }])
            expect([path, ...(await call('POST', pathOf(path), body))]).toEqual([path, 400, 'ceiling_required', 0])
      })

      test(`work-without-a-model: under a limit of ${unit}, what costs nothing passes`, async () => {
        for (const path of [...freeWrites, 'stop'])
          expect([path, ...(await call('POST', pathOf(path), {}))]).toEqual([path, 200, undefined, 1])
        for (const path of ['containers/x_1', 'threads/x_1', 'files/x_1'])
          for (const method of ['GET', 'DELETE'])
            expect([method, path, ...(await call(method, path))]).toEqual([method, path, 200, undefined, 1])
      })
    },
    {
      keys: { acme: { gateway: 'main', secret: { env: 'ACME' }, shared: true } },
      bindings: [{ team: 'acme', key: 'acme' }],
      limits: { prices: { version: '1', prices }, rules: [{ name: 'all', ...rule }] },
    },
  )

forAnAnsweringGateway(
  { endpoints },
  (open) => {
    test('work-without-a-model: with a perCall that is set aside, and what the gateway reports is booked', async () => {
      const leftOf = async (): Promise<Readonly<Record<string, number>>> => {
        const answer = await fetch(`${open().house.origin}/ai/limits`, {
          headers: { authorization: `Bearer ${open().house.callers.acme}` },
        })
        const { limits } = (await answer.json()) as { limits: { name: string; left: number }[] }
        return Object.fromEntries(limits.map(({ name, left }) => [name, left]))
      }
      const reported = {
        id: 'run_1',
        object: 'thread.run',
        model: 'm',
        usage: { prompt_tokens: 4000, completion_tokens: 1000, total_tokens: 5000 },
      }
      open().answer((request, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(request.url?.endsWith('containers') === true ? { id: 'c_1' } : reported))
      })
      const before = await leftOf()
      expect((await open().call('POST', 'containers', { memory_limit: '64g' })).status).toBe(200)
      await expect.poll(async () => before['money']! - (await leftOf())['money']!).toBeCloseTo(2)
      const between = await leftOf()
      expect((await open().call('POST', 'threads/t/runs/r/submit_tool_outputs', { tool_outputs: [] })).status).toBe(200)
      await expect.poll(async () => between['tokens']! - (await leftOf())['tokens']!).toBe(5000)
      expect(between['money']! - (await leftOf())['money']!).toBeCloseTo(0.5)
      // Where nothing is left, nothing passes.
      expect((await open().call('POST', 'containers', {})).status).toBe(200)
      await expect.poll(async () => (await leftOf())['money']!).toBeLessThan(2)
      expect((await open().call('POST', 'containers', {})).status).toBe(402)
    })
  },
  {
    keys: { acme: { gateway: 'main', secret: { env: 'ACME' }, shared: true } },
    bindings: [{ team: 'acme', key: 'acme' }],
    limits: {
      prices: { version: '1', prices: [{ model: 'm', unit: 'USD', perMillion: { input: 100, output: 100 }, perCall: 2 }] },
      rules: [
        { name: 'money', spend: '5 USD' },
        { name: 'tokens', tokens: 1_000_000 },
      ],
    },
  },
)
