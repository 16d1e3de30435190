import { governanceComment, type GovernanceRecord, parseGovernance } from '@postern/protocol'

/** The most of an answer's text that is kept for an error, in characters. */
const mostKept = 1_000_000

/** What a stream of events has said so far. */
export interface EventReader {
  push(chunk: Uint8Array): void
  /** The record, once its frame has come. */
  readonly record: GovernanceRecord | undefined
  /** The text of the answer. */
  readonly text: string
  /** The id that the gateway gave the answer. */
  readonly id: string | undefined
}

/** Reads a stream beside whoever it is for. Never throws: what it cannot read is none of its business. */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder()
  let rest = ''
  let record: GovernanceRecord | undefined
  let text = ''
  let id: string | undefined

  function readLine(line: string): void {
    if (line.startsWith(governanceComment)) record = parseGovernance(line.slice(governanceComment.length)) ?? record
    if (!line.startsWith('data:') || line.startsWith('data: [DONE]')) return
    try {
      const event = JSON.parse(line.slice(5)) as AnswerEvent
      id ??= event.id ?? event.response?.id ?? event.message?.id
      if (text.length < mostKept) text += textOf(event)
    } catch {
      // Somebody else's to complain about.
    }
  }

  return {
    push(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r/)
      rest = lines.pop() as string
      lines.forEach(readLine)
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
  }
}

/** What of an event says something of its text, in the APIs that Postern knows. */
interface AnswerEvent {
  readonly id?: string
  readonly response?: { readonly id?: string }
  readonly message?: { readonly id?: string }
  readonly choices?: readonly { readonly delta?: { readonly content?: unknown } }[]
  readonly delta?: unknown
}

function textOf({ choices, delta }: AnswerEvent): string {
  const parts = [choices?.[0]?.delta?.content, typeof delta === 'object' && delta !== null ? (delta as { text?: unknown }).text : delta]
  return parts.filter((part) => typeof part === 'string').join('')
}
