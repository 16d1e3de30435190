import { governanceComment, type GovernanceRecord, parseGovernance } from '@postern/protocol'

/** The most of an answer's text that is kept for an error, in characters. */
const mostKept = 1_000_000

/** What a stream of events has said so far. */
export interface EventReader {
  /** Reads on; gives what of the chunk comes before the gateway's report of its failure, or the whole chunk. */
  push(chunk: Uint8Array): Uint8Array
  /** The record, once its frame has come. */
  readonly record: GovernanceRecord | undefined
  /** The text of the answer. */
  readonly text: string
  /** The id that the gateway gave the answer. */
  readonly id: string | undefined
  /** What the gateway says of its failure. */
  readonly failure: unknown
}

const lineEnd = /\r\n|\n|\r/

/** Reads a stream beside whoever it is for. Never throws: what it cannot read is none of its business. */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder()
  let rest = ''
  let record: GovernanceRecord | undefined
  let text = ''
  let id: string | undefined
  let failure: unknown

  /** Whether the line, or one before it, reports a failure. */
  function readLine(line: string): boolean {
    if (line.startsWith(governanceComment)) record = parseGovernance(line.slice(governanceComment.length)) ?? record
    try {
      // Most other lines are blank: parsing those, only to fail, would cost a thousand times their length.
      const event = (line.startsWith('data:') ? JSON.parse(line.slice(5)) : {}) as AnswerEvent
      id ??= event.id ?? event.response?.id ?? event.message?.id
      if (event.error) failure ??= event.error
      if (text.length < mostKept) text += textOf(event)
    } catch {
      // No event, or somebody else's to complain about.
    }
    return failure !== undefined
  }

  return {
    push(chunk) {
      const read = decoder.decode(chunk, { stream: true })
      // Long lines come in many chunks, and are not searched from their beginning with each.
      const hadFailed = failure !== undefined
      if (!lineEnd.test(read)) {
        rest += read
        return hadFailed ? nothing : chunk
      }
      const lines = (rest + read).split(lineEnd)
      rest = lines.pop() as string
      const failedAt = lines.map(readLine).indexOf(true)
      if (hadFailed) return nothing
      return failedAt === -1 ? chunk : chunk.subarray(0, startOfLine(chunk, failedAt))
    },
    get record() {
      return record
    },
    get text() {
      return text
    },
    get id() {
      return id
    },
    get failure() {
      return failure
    },
  }
}

const nothing = new Uint8Array(0)
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Where the line of this number begins, in bytes; the first is the one that the chunk begins in. */
function startOfLine(chunk: Uint8Array, line: number): number {
  let offset = 0
  for (let ends = 0; ends < line; offset += 1) {
    const byte = chunk[offset]
    if (byte === undefined) return chunk.length
    if (byte === lineFeed || (byte === carriageReturn && chunk[offset + 1] !== lineFeed)) ends += 1
  }
  return offset
}

/** What of an event says something of its text, in the APIs that Postern knows. */
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
