import { createPosternFetch } from '@postern/client/fetch'
import type { Choices } from '../choices.js'
import { describeError } from '../fault.js'
import { bytesOf, mutate } from '../inputs/bytes.js'
import { eventStream, manyEvents } from '../inputs/events.js'
import { broken, type Call, valueTarget, type ValueTarget } from './values.js'

interface Stream {
  readonly text: string
  /** Where it is cut. */
  readonly cuts: readonly number[]
}

/** How a stream ended for whoever read it, and what it held. */
interface Reading {
  readonly text: string
  readonly ending: string
  readonly finish: string
}

const record = '\n: postern {"request_id":"_._.01ARZ3NDEKTSV4RRFFQ69G5FAV.1","attempt":1,"finish":"complete"}\n\ndata: [DONE]\n\n'

async function read(text: string, cuts: readonly number[]): Promise<Reading> {
  const bytes = bytesOf(text)
  const pieces = [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index])).filter(({ length }) => length > 0)
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  })
  const postern = createPosternFetch({
    url: 'http://app.test/ai',
    fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  })
  const response = await postern.fetch('http://app.test/ai/v1/chat/completions', { method: 'POST', body: '{"stream":true}' })
  let received = ''
  let ending = 'closed'
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      received += Buffer.from(value).toString('latin1')
    }
  } catch (error) {
    ending = error instanceof Error ? error.name : describeError(error)
  }
  return { text: received, ending, finish: String(postern.governance(response)?.finish) }
}

/** However a network cuts a stream, whoever reads it gets the same text and the same ending. */
async function check({ text, cuts }: Stream, call: Call) {
  const whole = await call(() => read(text, []))
  const cut = await call(() => read(text, cuts))
  if (whole.ending !== 'closed' && whole.ending !== 'PosternStreamError') return broken(`a stream ends with ${whole.ending}`)
  if (whole.ending !== cut.ending || whole.finish !== cut.finish) {
    return broken('a stream that is cut otherwise ends otherwise', `${whole.ending}, ${whole.finish} and ${cut.ending}, ${cut.finish}`)
  }
  // What stands before a failure in its own piece may be given or not.
  if (whole.ending !== 'closed')
    return text.startsWith(whole.text) && text.startsWith(cut.text) ? undefined : broken('a stream holds what was not sent')
  return whole.text === text && cut.text === text ? undefined : broken('a stream that is whole is not what was sent')
}

export const clientTarget: ValueTarget = valueTarget({
  name: 'client-streams',
  title: 'streams of events in the client, cut anywhere',
  share: 12,
  make(choices: Choices): Stream {
    const events = choices.oneIn(100) ? manyEvents(choices, 30_000) : eventStream(choices)
    const text = (choices.oneIn(4) ? mutate(choices, events) : events) + (choices.oneIn(2) ? record : '')
    const cuts = Array.from({ length: choices.below(12) }, () => choices.below(text.length + 1)).toSorted((a, b) => a - b)
    return { text, cuts }
  },
  check,
})
