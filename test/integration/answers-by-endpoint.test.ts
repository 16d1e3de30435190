import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { forAnAnsweringGateway, saying } from '../support/answering-gateway.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

const failure = { code: 'server_error', message: 'It came to nothing.', param: 'training_file', type: 'x' }

describe('the format of an answer is that of its endpoint', () => {
  forAnAnsweringGateway({}, (open) => {
    test.each<[what: string, method: string, path: string, status: number, body: unknown]>([
      ['a response that failed', 'GET', 'responses/resp_1', 200, { id: 'resp_1', object: 'response', status: 'failed', error: failure }],
      ['a video that failed', 'GET', 'videos/video_1', 200, { id: 'video_1', status: 'failed', error: failure }],
      ['a job that failed', 'GET', 'fine_tuning/jobs/ftjob-1', 200, { id: 'ftjob-1', error: failure, hyperparameters: {} }],
      ['a thing that says how it is and not who', 'GET', 'vector_stores/vs_1/files/f', 200, { status: 'failed', error: failure, bytes: 3 }],
      ['a thing of the type error', 'GET', 'conversations/c/items/i', 200, { id: 'i', type: 'error', error: failure }],
      ['a thing that was deleted with its error', 'DELETE', 'files/file_1', 200, { deleted: true, error: failure }],
      ['a job that was cancelled', 'POST', 'fine_tuning/jobs/ftjob-1/cancel', 202, { status: 'cancelled', error: 'cancelled' }],
    ])('%s is an answer, whatever its member error says', async (_, method, path, status, body) => {
      open().answer(saying(JSON.stringify(body), 'application/json', status))
      const answer = await open().call(method, path)
      expect([answer.status, await answer.json()]).toEqual([status, body])
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete' })
    })

    test.each([
      ['models', { error: { message: 'no', type: 'server_error' } }],
      ['files/file_1', { error: failure, request_id: 'r', data: null }],
      ['files', { object: 'error', message: 'no', code: 500, type: 'server_error' }],
    ])('while what says nothing but an error is one: GET %s', async (path, body) => {
      open().answer(saying(JSON.stringify(body)))
      const answer = await open().call('GET', path)
      expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([502, 'false'])
    })

    test.each([
      ['DELETE', 'files/file_1', 200],
      ['DELETE', 'models/ft:gpt-4o:org::id', 200],
      ['POST', 'batches/batch_1/cancel', 202],
      ['POST', 'uploads/up_1/cancel', 201],
      ['POST', 'moderations', 200],
      ['GET', 'containers/c/files/f/content', 200],
      ['DELETE', 'responses/resp_1', 204],
    ])('%s %s that is answered %i with a JSON type and no bytes happened', async (method, path, status) => {
      open().answer(saying('', 'application/json', status))
      const answer = await open().call(method, path, method === 'POST' ? { model: 'm', input: 'a' } : undefined)
      expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([status, '', 'application/json'])
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ status, finish: 'complete' })
    })

    test.each([
      ['lines of JSON', '{"a":1}\n{"a":2}\n'],
      ['half a document', '{"a": [1, 2'],
      ['a page', '<!doctype html><p>Hello'],
      ['words', 'Hello'],
    ])('the content of a file is what it is, under whatever type: %s', async (_, content) => {
      open().answer(saying(content))
      const answer = await open().call('GET', 'files/file_1/content')
      expect([answer.status, await answer.text()]).toEqual([200, content])
    })

    test.each(['', 'Hello', '<!doctype html><p>Hello'])('while a completion is JSON: "%s" is none', async (body) => {
      open().answer(saying(body))
      expect((await open().house.chat()).status).toBe(502)
    })

    test('stored completions are read where completions are made', async () => {
      const list = { object: 'list', data: [], has_more: false }
      open().answer(saying(JSON.stringify(list)))
      const answer = await open().call('GET', 'chat/completions?limit=2')
      expect([answer.status, await answer.json(), open().upstream.seen.at(-1)?.url]).toEqual([200, list, '/v1/chat/completions?limit=2'])
    })
  })
})

const ids = ['openai/gpt-4o', '@cf/meta/llama-3', 'a b', 'größe', '100%', 'a?b=c&d', 'a#b', 'ft:gpt-4o:org::id', 'a+b', 'v1.2..3']

describe('an id may hold what it likes, escaped', () => {
  const config = { policies: { rules: [{ team: 'globex', models: ['openai/*'], endpoints: ['models/openai/*'] }] } }
  forAnAnsweringGateway(
    { endpoints: { 'engines/{model}/info': { methods: ['GET'], format: 'plain', model: 'path' } } },
    (open) => {
      const asOpenAI = (apiKey: string) => new OpenAI({ baseURL: open().house.baseURL, apiKey, maxRetries: 0 })

      test.each(ids)('%s reaches the gateway as the official client wrote it', async (id) => {
        open().answer(saying(JSON.stringify({ id, object: 'model' })))
        const direct: string[] = []
        const noting = (url: unknown) => {
          direct.push(String(url).replace('http://direct.test', ''))
          return Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }))
        }
        await new OpenAI({ baseURL: 'http://direct.test/v1', apiKey: 'none', fetch: noting }).models.retrieve(id)
        expect(await asOpenAI(open().house.callers.acme).models.retrieve(id)).toMatchObject({ id })
        expect(open().upstream.seen.at(-1)?.url).toBe(direct[0])
      })

      test('and is judged as it is read', async () => {
        open().answer(saying('{"id":"x"}'))
        const client = asOpenAI(open().house.callers.globex)
        expect(await client.models.retrieve('openai/gpt-4o')).toEqual({ id: 'x' })
        await expect(client.models.retrieve('meta/llama')).rejects.toMatchObject({ status: 403, code: 'endpoint_not_allowed' })
        const info = (model: string) =>
          fetch(`${open().house.baseURL}/engines/${encodeURIComponent(model)}/info`, {
            headers: { authorization: `Bearer ${open().house.callers.acme}` },
          })
        expect((await info('openai/gpt-4o')).status).toBe(200)
        expect(open().upstream.seen.at(-1)?.url).toBe('/v1/engines/openai%2Fgpt-4o/info')
      })

      test.each([
        'models/..%2Ffiles',
        'models/%2E%2E',
        'models/.%2e',
        'models/%2e',
        'models/%20..%20%2Fx',
        'models/a%2F%2E%2E%2Ffiles',
        'models/a%2F..;x%2Ffiles',
        'models/a%2F',
        'models/%2Ffiles',
        'models/a%2F%2Fb',
        'models/a%5C..%5Cb',
        'models/a%5Cb',
        'models/%EF%BC%8E%EF%BC%8E',
        'models/%E2%80%A5%2Fx',
        'models/a%252Fb',
        'models/%252e%252e',
        'models/%25u002e',
        'models/a%00b',
        'models/a%0Ab',
        'models/a%0d%0aX: 1',
        'models/%C0%AE%C0%AE',
        'models/%',
        'models/%4',
        'models/%zz',
        'models/%u002e',
        'threads/t%2Fruns',
        'threads/%72uns',
        'threads/t%2FRuns',
        'threads/t%2Fruns%3Fa',
        'threads/t%2Fruns%20',
        'threads/t%2F%72uns',
        'threads/t;a%2Fruns',
        'threads/t%3B%2Fruns',
        'threads/t%EF%BC%8Fruns',
        'chat%2Fcompletions',
        '%63hat/completions',
        'chat/%63ompletions',
        'models/a%2Fapi_keys',
        'fine_tuning/jobs%2F..%2Fcheckpoints',
        'models/x/%2e%2e/y',
      ])('while what could be read in another way goes nowhere: %s', async (path) => {
        const before = open().upstream.seen.length
        const status = statusOf(await rawChat(open().house, [], { path: `/ai/v1/${path}` }))
        expect([400, 403, 404]).toContain(status)
        expect(open().upstream.seen.length).toBe(before)
      })
    },
    config,
  )
})
