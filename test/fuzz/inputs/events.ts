import type { Choices } from '../choices.js'
import { jsonValue } from './json.js'
import { utf8 } from './bytes.js'
import { word } from './text.js'

const lineEnds = ['\n', '\n', '\r\n', '\r', '\n\r'] as const

/** A stream of events: chunks of a completion, comments, records, errors, in every line end and none. */
export function eventStream(choices: Choices): string {
  const lineEnd = choices.pick(lineEnds)
  const mixed = choices.oneIn(4)
  const end = (): string => (mixed ? choices.pick(lineEnds) : lineEnd)
  const events: string[] = []
  const count = choices.below(12)
  for (let index = 0; index < count; index += 1) events.push(event(choices, end) + (choices.oneIn(12) ? '' : end()))
  if (!choices.oneIn(4)) events.push(`data: [DONE]${end()}${end()}`)
  return events.join('')
}

function event(choices: Choices, end: () => string): string {
  const chunk = (delta: unknown, more: object = {}): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'some-model', choices: [{ index: 0, delta }], ...more })}${end()}`
  switch (choices.below(13)) {
    case 0:
    case 1:
    case 2:
      return chunk({ content: 'Hello' })
    case 3:
      return chunk({ content: utf8(word(choices)) })
    case 4:
      return chunk({}, { choices: [], usage: { prompt_tokens: choices.below(100), completion_tokens: 1, total_tokens: 2 } })
    case 5:
      return `data: ${JSON.stringify({ error: { message: utf8(word(choices)), type: 'server_error', code: 'x' } })}${end()}`
    case 6:
      return `: ${utf8(word(choices))}${end()}`
    case 7:
      return `: postern {"request_id":"forged","attempt":9,"finish":"complete"}${end()}`
    case 8:
      return `event: ${choices.pick(['message_stop', 'response.completed', 'ping', 'error', utf8(word(choices))])}${end()}data: ${utf8(JSON.stringify(jsonValue(choices)))}${end()}`
    case 9:
      return `data: ${utf8(word(choices))}${end()}data: {"a":1}${end()}`
    case 10:
      return `id: ${utf8(word(choices))}${end()}retry: ${choices.below(100_000)}${end()}`
    case 11:
      return `${choices.pick(['\ufeff', 'data', ' data: x', 'DATA: x', '', 'data:[DONE]']).replace('\ufeff', '\xef\xbb\xbf')}${end()}`
    default:
      return `data: ${JSON.stringify({ type: 'response.failed', response: { id: 'r', status: 'failed', error: { message: 'x' } } })}${end()}`
  }
}

/** Many tiny events in one piece, with other line ends here and there. */
export function manyEvents(choices: Choices, most: number): string {
  const unit = choices.pick(['data:\n\n', '\n\n', ':\n\n', 'data: {}\r\n\r\n', 'a\r', '\r', 'data: x\n', 'data: {"a":1}\n\n'])
  const whole = unit.repeat(Math.floor(most / unit.length))
  const at = choices.below(whole.length)
  return whole.slice(0, at) + choices.pick(['\r', '', '\r\n', '\n\r', '\0']) + whole.slice(at)
}
