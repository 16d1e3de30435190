/** Gives the chunks of one stream what clients need to make a message of them. */
export interface ChunkMender {
  /** The chunk as a client can read it, or `undefined` where it needs nothing. */
  mend(record: object): string | undefined
  /** What stands before the end of a stream in which no chunk said why it ended, or `undefined`. */
  closing(): string | undefined
}

interface Choice {
  readonly index?: number
  readonly delta?: Readonly<Record<string, unknown>>
  readonly finish_reason?: unknown
}

/**
 * For gateways whose chunks come without `index`, role and finish reason, of which the `openai` client's
 * stream helper makes no message. What such a gateway left out is only ever added, never changed: the one
 * choice is the first, the one who speaks is the assistant, and a stream that ended well has stopped.
 */
export function createChunkMender(): ChunkMender {
  let spoken = false
  let finished = false
  let head: { readonly id?: unknown; readonly object?: unknown } = {}

  return {
    mend(record) {
      const { choices } = record as { readonly choices?: unknown }
      if (!Array.isArray(choices) || choices.length === 0) return undefined
      const { id, object } = record as { readonly id?: unknown; readonly object?: unknown }
      head = { id, object }
      const mended = (choices as readonly Choice[]).map((choice, index) => {
        finished ||= typeof choice.finish_reason === 'string'
        return {
          index,
          finish_reason: null,
          ...choice,
          delta: spoken ? (choice.delta ?? {}) : { role: 'assistant', ...choice.delta },
        }
      })
      spoken = true
      return JSON.stringify({ ...record, choices: mended })
    },
    closing() {
      return spoken && !finished ? JSON.stringify({ ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) : undefined
    },
  }
}
