/** Completes the chunks of one stream, so that clients can assemble a message. */
export interface ChunkCompleter {
  /** The completed chunk as JSON; `undefined` if it has no choices. */
  complete(record: object): string | undefined
  /** A last chunk with `finish_reason: stop`, as JSON; `undefined` if a chunk had a `finish_reason`, or none had a choice. */
  closing(): string | undefined
}

interface Choice {
  readonly index?: number
  readonly delta?: Readonly<Record<string, unknown>>
  readonly finish_reason?: unknown
}

/**
 * For gateways whose chunks lack `index`, `role` and `finish_reason`: the stream helper of the `openai` client cannot
 * assemble a message from them. Missing members are added and existing ones never changed: a choice gets its position as
 * `index`, the first chunk the role `assistant`, and a stream without a failure the `finish_reason` `stop`.
 */
export function createChunkCompleter(): ChunkCompleter {
  let spoken = false
  let finished = false
  let head: { readonly id?: unknown; readonly object?: unknown } = {}

  return {
    complete(record) {
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
