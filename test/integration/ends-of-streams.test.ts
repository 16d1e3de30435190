import { parseGovernance } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { type AnsweringGateway, forAnAnsweringGateway, saying } from '../support/answering-gateway.js'
import { readAnswer } from '../support/read-answer.js'

const chunk = (index: number, content: string, reason: string | null = null, further: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index, delta: { content }, finish_reason: reason }], ...further })}\n\n`
const usage = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } })}\n\n`

const stream = ({ house }: AnsweringGateway) =>
  readAnswer(`${house.baseURL}/chat/completions`, {
    headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })

/** What came but for the frame, whether it came whole, and the frame's record. */
async function streamed(open: AnsweringGateway) {
  const { body, whole } = await stream(open)
  const text = body.toString()
  return {
    text: text.replace(/: postern [^\n]*\n\n/, ''),
    whole,
    record: parseGovernance(/^: postern (.*)$/m.exec(text)?.[1]),
  }
}

const events = (...parts: readonly string[]) => saying(parts.join(''), 'text/event-stream')

describe('the end of a stream', () => {
  forAnAnsweringGateway({}, (open) => {
    test.each([
      'data: [DONE] \n\n',
      'data:[DONE]\n\n',
      'data:  [DONE]\t\n\n',
      'data: [DONE]\ndata:\n\n',
      'data: [DONE] \r\n\r\n',
      '\uFEFF\n\ndata: [DONE]\n\n',
    ])('is its mark, with blanks around it or without: %j', async (mark) => {
      open().answer(events(chunk(0, 'Hello'), mark))
      const { whole, text, record } = await streamed(open())
      expect([whole, text, record?.finish]).toEqual([true, chunk(0, 'Hello') + mark, 'complete'])
      expect(record).not.toHaveProperty('ended_without_mark')
    })

    test.each<[string, string[]]>([
      ['one choice', [chunk(0, 'Hel'), chunk(0, 'lo', 'stop')]],
      ['one choice and its usage', [chunk(0, 'Hel'), chunk(0, 'lo', 'length'), usage]],
      ['two choices', [chunk(0, 'a'), chunk(1, 'b'), chunk(1, '', 'stop'), chunk(0, '', 'stop')]],
      [
        'two choices in one chunk',
        [`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"}]}\n\n`],
      ],
      ['tool calls', [`data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"t"}]}}]}\n\n`, chunk(0, '', 'tool_calls')]],
      ['a chunk without an index', ['data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n']],
      ['a chunk without the blank line behind it', [chunk(0, 'a', 'stop').trimEnd()]],
    ])('is that every choice has ended, where the mark is left out: %s', async (_, parts) => {
      open().answer(events(...parts))
      const { whole, text, record } = await streamed(open())
      expect([whole, text.trimEnd()]).toEqual([true, parts.join('').trimEnd()])
      expect(record).toMatchObject({ finish: 'complete', ended_without_mark: true })
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete', ended_without_mark: true })
    })

    test.each<[string, string[]]>([
      ['no choice has ended', [chunk(0, 'Hel')]],
      ['one of two has not ended', [chunk(0, 'a'), chunk(1, 'b', 'stop')]],
      ['the first has ended and the second has not', [chunk(0, 'a', 'stop'), chunk(1, 'b')]],
      ['its reason is an empty text', [chunk(0, 'a', '')]],
      ['only its usage came', [usage]],
    ])('is missing where %s, and then it is cut', async (_, parts) => {
      open().answer(events(...parts))
      const { whole, record } = await streamed(open())
      expect([whole, record?.finish]).toEqual([false, 'truncated'])
    })

    test.each<[string, string]>([
      ['an error', 'data: {"error":{"message":"late","code":"server_error"}}\n\n'],
      ['an error beside a forged line', ': postern x\ndata: {"error":{"message":"late"}}\n\n'],
      ['another mark and an error', 'data: [DONE]\n\ndata: {"error":{"message":"late"}}\n\n'],
    ])('is told once: the log says what the frame said where %s comes behind the mark', async (_, late) => {
      open().answer(events(chunk(0, 'Hello', 'stop'), 'data: [DONE]\n\n', late))
      const { whole, record } = await streamed(open())
      expect([whole, record?.finish]).toEqual([true, 'complete'])
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete' })
    })

    test('is told again where what comes behind the mark is cut, and the log says the same', async () => {
      open().answer(events(chunk(0, 'Hello', 'stop'), 'data: [DONE]\n\n', `data: ${'\ndata: a'.repeat(20_000)}\n\n`))
      const { body, whole } = await stream(open())
      const finishes = [...body.toString().matchAll(/^: postern (.*)$/gm)].map(([, frame]) => parseGovernance(frame)?.finish)
      expect([whole, finishes]).toEqual([false, ['complete', 'truncated']])
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'truncated' })
    })

    test('is missing where the connection breaks off, whatever has ended', async () => {
      open().answer((request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(chunk(0, 'Hello', 'stop'), () => setTimeout(() => request.socket.destroy(), 20))
      })
      const { whole, record } = await streamed(open())
      expect([whole, record?.finish]).toEqual([false, 'truncated'])
    })
  })

  forAnAnsweringGateway({ endMark: 'required' }, (open) => {
    test('is the mark and nothing else where the operator says so', async () => {
      open().answer(events(chunk(0, 'Hello', 'stop')))
      expect(await streamed(open())).toMatchObject({ whole: false, record: { finish: 'truncated' } })
      open().answer(events(chunk(0, 'Hello', 'stop'), 'data: [DONE]\n\n'))
      expect(await streamed(open())).toMatchObject({ whole: true, record: { finish: 'complete' } })
    })
  })
})
