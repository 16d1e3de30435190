import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type AnsweringGateway, forAnAnsweringGateway } from '../support/answering-gateway.js'

const usage = { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46, completion_tokens_details: { reasoning_tokens: 5 } }

/** What a model says that could be taken for the member. */
const said = ['Zażółć ', '{"a":1,"usage":null}', ',"usage":null', '\u{1F600}', ' "usage": null,', 'end']

/**
 * The stream of the OpenAI API for a request: only with `include_usage` each chunk has `"usage":null`, and a last one the counts.
 *
 * @param separator Written between the members, as some servers do.
 */
function streamOf(isAsked: boolean, separator = ''): string {
  const chunk = (members: object): string => `data: ${separated(JSON.stringify({ id: 'c', model: 'm', ...members }), separator)}\n\n`
  const chunks = said.map((content, index) =>
    chunk({
      choices: [{ index: 0, delta: { content }, finish_reason: index === said.length - 1 ? 'stop' : null }],
      ...(isAsked ? { usage: null, obfuscation: 'x' } : { obfuscation: 'x' }),
    }),
  )
  return [...chunks, ...(isAsked ? [chunk({ choices: [], usage })] : []), 'data: [DONE]\n\n'].join('')
}

/** Puts blanks behind colons and commas outside of texts. */
function separated(json: string, separator: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|[:,]/g, (found) => (found.length === 1 ? found + separator : found))
}

/** Answers as the OpenAI API does, in pieces of so many bytes. */
function openAi(pieceBytes: number, separator = ''): { readonly listener: RequestListener; readonly bodies: Record<string, unknown>[] } {
  const bodies: Record<string, unknown>[] = []
  const listener: RequestListener = (_, response) => {
    const asked = (bodies.at(-1) as { stream_options?: { include_usage?: boolean } }).stream_options?.include_usage === true
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const bytes = Buffer.from(streamOf(asked, separator))
    for (let at = 0; at < bytes.length; at += pieceBytes) response.write(bytes.subarray(at, at + pieceBytes))
    response.end()
  }
  return { listener, bodies }
}

/** Calls through the house, and gives what the gateway got and the client got, without our frame. */
async function streamed(open: AnsweringGateway, body: object, play: ReturnType<typeof openAi>): Promise<string> {
  const { listener, bodies } = play
  open.answer((request, response) => {
    bodies.push(JSON.parse(open.upstream.bodies.at(-1) as string) as Record<string, unknown>)
    listener(request, response)
  })
  const answer = await open.call('POST', 'chat/completions', { model: 'm', messages: [], ...body })
  expect(answer.status).toBe(200)
  return (await answer.text()).replace(/: postern .*\n\n/, '')
}

describe('the token counts of a chat stream', () => {
  forAnAnsweringGateway({}, (open) => {
    test.each([
      ['no options', { stream: true }],
      ['empty options', { stream: true, stream_options: {} }],
      ['options that are null', { stream: true, stream_options: null }],
      ['a refusal of the counts', { stream: true, stream_options: { include_usage: false, other: [1.0] } }],
    ])('are booked where the client sent %s, and the client gets the very stream that it asked for', async (_, body) => {
      for (const [pieceBytes, separator] of [
        [1_000_000, ''],
        [7, ''],
        [1, ' '],
      ] as const) {
        const play = openAi(pieceBytes, separator)
        const text = await streamed(open(), body, play)
        expect(play.bodies.at(-1)).toMatchObject({ stream: true, stream_options: { include_usage: true } })
        expect(text).toBe(streamOf(false, separator))
        expect(open().house.ledger.entries.at(-1)).toMatchObject({
          finish: 'complete',
          usage: { input: 12, output: 34, reasoning: 5, total: 46, source: 'stream' },
        })
      }
    })

    test('pass to a client that asked for them, unchanged', async () => {
      const play = openAi(11)
      expect(await streamed(open(), { stream: true, stream_options: { include_usage: true } }, play)).toBe(streamOf(true))
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ usage: { total: 46 } })
    })

    test.each([
      ['a text', { stream: true, stream_options: 'all' }],
      ['a list', { stream: true, stream_options: [] }],
      ['a stream that is none', { stream: 'yes' }],
      ['no stream', { stream: false }],
    ])('are not asked for beside %s: the gateway gets what the client sent', async (_, body) => {
      const play = openAi(1_000_000)
      await streamed(open(), body, play)
      expect(play.bodies.at(-1)).toEqual({ model: 'm', messages: [], ...body })
    })

    test('keep the rest of the options as it is written', async () => {
      const play = openAi(1_000_000)
      await streamed(open(), { stream: true, stream_options: { include_obfuscation: false } }, play)
      expect(play.bodies.at(-1)).toHaveProperty('stream_options', { include_obfuscation: false, include_usage: true })
    })

    test('that stand beside choices are the gateway’s own way, and pass', async () => {
      const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage })}\n\n`
      open().answer((_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${chunk}data: [DONE]\n\n`))
      const answer = await open().call('POST', 'chat/completions', { model: 'm', messages: [], stream: true })
      expect(await answer.text()).toContain(chunk)
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ usage: { total: 46 } })
    })
  })

  forAnAnsweringGateway({ streamUsage: 'leave' }, (open) => {
    test('are not asked for where the operator leaves them', async () => {
      const play = openAi(1_000_000)
      expect(await streamed(open(), { stream: true }, play)).toBe(streamOf(false))
      expect(play.bodies.at(-1)).not.toHaveProperty('stream_options')
      expect(open().house.ledger.entries.at(-1)).not.toHaveProperty('usage.total')
    })
  })
})
