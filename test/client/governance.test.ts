import type { ServerResponse } from 'node:http'
import { createPostern } from '@postern/client'
import { headerNames } from '@postern/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedPostern, startScriptedPostern } from './scripted-postern.js'

const recordOf = (requestId: string): string => JSON.stringify({ request_id: requestId, finish: 'complete' })

const answerOf =
  (requestId: string, body: object) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json', [headerNames.governance]: recordOf(requestId) }).end(JSON.stringify(body))
  }

const streamOf =
  (requestId: string, id: string) =>
  (response: ServerResponse): void => {
    const event = { id, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] }
    response
      .writeHead(200, { 'content-type': 'text/event-stream', [headerNames.governance]: recordOf(requestId) })
      .end(`data: ${JSON.stringify(event)}\n\n: postern ${recordOf(requestId)}\n\ndata: [DONE]\n\n`)
  }

describe('the governance record of an answer whose gateway gives it the request id of another', () => {
  let scripted: ScriptedPostern
  let postern: ReturnType<typeof createPostern>
  const other = '_._.OTHER.1'
  const own = '_._.OWN.1'
  beforeAll(async () => {
    scripted = await startScriptedPostern()
  })
  afterAll(() => scripted.close())
  beforeEach(() => {
    postern = createPostern({ url: `${scripted.origin}/ai`, token: async () => 'token' })
  })
  const ask = () => postern.fetch(`${postern.baseURL}/chat/completions`, { method: 'POST', body: '{}' })

  test.each<[how: string, copy: (answer: object) => object]>([
    ['cloned', (answer) => structuredClone(answer)],
    ['spread', (answer) => ({ ...answer })],
    ['kept as text', (answer) => JSON.parse(JSON.stringify(answer)) as object],
  ])('is not that of the other where the answer was %s', async (_, copy) => {
    scripted.answer(answerOf(other, { id: 'chatcmpl-1' }), answerOf(own, { id: other }))
    await (await ask()).json()
    const answer = (await (await ask()).json()) as object
    expect(postern.governance(answer)).toMatchObject({ request_id: own })
    expect(postern.governance(copy(answer))).toBeUndefined()
  })

  test('does not hide the record of the other, and a copy of a stream’s message is found by its id as before', async () => {
    scripted.answer(answerOf(other, { id: 'chatcmpl-1' }), streamOf(own, other))
    await (await ask()).json()
    await (await ask()).text()
    expect(postern.governance({ request_id: other })).toMatchObject({ request_id: other })
    expect(postern.governance({ id: other })).toMatchObject({ request_id: own })
  })

  test('is not found for something without an id where a gateway calls its answer "undefined"', async () => {
    scripted.answer(streamOf(own, 'undefined'))
    await (await ask()).text()
    expect(postern.governance({})).toBeUndefined()
  })
})
