import { governanceComment, type GovernanceRecord, parseGovernance } from '@postern/protocol'

/** How much of an answer's text is kept for an error, in characters. */
const maxKeptChars = 1_000_000

/** What a stream of events has contained so far. */
export interface EventReader {
  /** Reads a chunk. Returns the bytes before the gateway's report of its failure; without a report, the whole chunk. */
  push(chunk: Uint8Array): Uint8Array
  /** The governance record, once its comment line has come. */
  readonly record?: GovernanceRecord | undefined
  /** The text of the answer so far. */
  readonly text: string
  /** The id that the gateway gave the answer. */
  readonly id?: string | undefined
  /** The `error` member of the gateway's failure event. */
  readonly failure?: unknown
}

type Seen = { -readonly [Member in keyof EventReader]: EventReader[Member] }

const lineEnd = /\r\n|\n|\r/

/** Reads a stream while it passes to the SDK. Never throws: a line that it cannot read is the SDK's to handle. */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder()
  let rest = ''

  /** Returns whether this line, or one before it, reports a failure. */
  function readLine(line: string): boolean {
    // The first record counts. The sidecar writes a second one only just before it cuts the connection, which the client notices.
    if (line.startsWith(governanceComment)) seen.record ??= parseGovernance(line.slice(governanceComment.length))
    // The application gets no text that comes after the event with the error, so such text is not part of `received`.
    if (seen.failure) return true
    try {
      // Parse only `data:` lines: most others are blank, and an exception of `JSON.parse` costs a thousand times
      // more.
      const event = (line.startsWith('data:') ? JSON.parse(line.slice(5)) : {}) as AnswerEvent
      seen.id ??= event.id ?? event.response?.id ?? event.message?.id
      if (event.error) seen.failure = event.error
      else if (seen.text.length < maxKeptChars) seen.text += textOf(event)
    } catch {
      // Not JSON, such as `[DONE]`: the SDK handles it.
    }
    return !!seen.failure
  }

  const seen: Seen = {
    text: '',
    push(chunk) {
      const read = decoder.decode(chunk, { stream: true })
      // A long line comes in many chunks: search only the new chunk for its end.
      if (!lineEnd.test(read)) {
        rest += read
        return seen.failure ? chunk.subarray(0, 0) : chunk
      }
      const lines = (rest + read).split(lineEnd)
      rest = lines.pop() as string
      const failedAt = lines.map(readLine).indexOf(true)
      return failedAt === -1 ? chunk : chunk.subarray(0, startOfLine(chunk, failedAt))
    },
  }
  return seen
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Offset of a line, in bytes. Line 0 is the one in which the chunk begins. */
function startOfLine(chunk: Uint8Array, line: number): number {
  let offset = 0
  for (let ends = 0; ends < line && offset < chunk.length; offset += 1) {
    const byte = chunk[offset]
    if (byte === lineFeed || (byte === carriageReturn && chunk[offset + 1] !== lineFeed)) ends += 1
  }
  return offset
}

/** The members of an event that hold ids, text and errors, in the APIs that Postern knows. */
interface AnswerEvent {
  readonly id?: string
  readonly type?: string
  readonly error?: unknown
  readonly response?: { readonly id?: string }
  readonly message?: { readonly id?: string }
  readonly choices?: readonly { readonly delta?: { readonly content?: unknown } }[]
  readonly delta?: unknown
}

function textOf({ type, choices, delta }: AnswerEvent): string {
  const ofMessages = (delta as { readonly text?: unknown } | null | undefined)?.text
  const ofResponses = type === 'response.output_text.delta' ? delta : undefined
  return [choices?.[0]?.delta?.content, ofMessages, ofResponses].filter((part) => typeof part === 'string').join('')
}
