/** What every subject of the benchmark carries: one chat completion, and one stream of equal events. */

const WORDS = 'the side door opens for those who hold a key and stays shut for all the others '

/** The length of a JSON answer, in bytes. */
const ANSWER_BYTES = 287
/** The length of one SSE event with its empty line, in bytes. */
const EVENT_BYTES = 183
/** The length of a request body, in bytes. */
const REQUEST_BYTES = 190

/** Renders a text around as many filler characters as bring it to exactly `size` bytes. */
function filled(size: number, render: (filler: string) => string): Buffer {
  const missing = size - Buffer.byteLength(render(''))
  if (missing < 0) throw new RangeError(`${-missing} bytes too long for ${size}`)
  return Buffer.from(render(WORDS.repeat(Math.ceil(missing / WORDS.length)).slice(0, missing)))
}

const USAGE = { prompt_tokens: 24, completion_tokens: 12, total_tokens: 36 }

/** A complete chat completion, with `model` and `usage`. */
export const answer = filled(ANSWER_BYTES, (content) =>
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: USAGE,
  }),
)

const CHUNK = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'bench' }

function eventOf(finish: 'stop' | null): Buffer {
  return filled(EVENT_BYTES, (content) => {
    const choices = [{ index: 0, delta: { content }, finish_reason: finish }]
    return `data: ${JSON.stringify({ ...CHUNK, choices })}\n\n`
  })
}

/** One token of a stream. */
export const event = eventOf(null)
/** The last token of a stream. */
export const lastEvent = eventOf('stop')
/** What follows the last token when the request asked for `include_usage`. */
export const usageEvent = Buffer.from(`data: ${JSON.stringify({ ...CHUNK, choices: [], usage: USAGE })}\n\n`)
/** The end of every stream. */
export const done = Buffer.from('data: [DONE]\n\n')

/** How long a stream is and how fast it runs. */
export interface Pace {
  /** Events before `[DONE]`. */
  readonly events: number
  /** Milliseconds between two events; 0 for one event in each turn of the event loop. */
  readonly interval: number
  /** Whether each event says when it was sent. Default: no. */
  readonly isTimed?: boolean
}

/**
 * The body of a request for a JSON answer, or, with a pace, for a stream. The pace travels in the model's name.
 *
 * @param bytes Its length. Default: that of a short question.
 */
export function requestBody(pace?: Pace, bytes: number = REQUEST_BYTES): Buffer {
  const model = pace === undefined ? 'bench-json' : `bench-${pace.isTimed ? 'timed' : 'events'}-${pace.events}-${pace.interval}`
  return filled(bytes, (content) =>
    JSON.stringify({
      model,
      messages: [{ role: 'user', content }],
      ...(pace === undefined ? {} : { stream: true }),
    }),
  )
}

/** The pace that a request body asks for, or undefined if it asks for a JSON answer. */
export function paceOf(body: string): Pace | undefined {
  if (!/"stream"\s*:\s*true/.test(body)) return undefined
  const [, kind, events, interval] = /"bench-(events|timed)-(\d+)-(\d+)"/.exec(body) ?? []
  return { events: Number(events ?? 10), interval: Number(interval ?? 0), isTimed: kind === 'timed' }
}
