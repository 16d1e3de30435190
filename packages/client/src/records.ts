import { type GovernanceRecord, headerNames, parseGovernance } from '@postern/protocol'
import { watchStream } from './watch-stream.js'

/** How many answers are remembered by their ids. */
const remembered = 500

/** What is known of one answer. */
export interface Entry {
  /** At its head. */
  readonly head: GovernanceRecord
  /** At its end; that of a stream comes with its end. */
  readonly whole: Promise<GovernanceRecord>
}

/** What is known of answers, found by whatever of them somebody holds. */
export interface Records {
  /** Takes down an answer, and gives it back; a stream of events is watched from then on. */
  take(response: Response, signal: AbortSignal | null | undefined): Response
  byResponse(response: Response): Entry | undefined
  /** By the signal that it was asked with. */
  bySignal(signal: AbortSignal): Entry | undefined
  /** By the request's id, or the id that the gateway gave the answer. */
  byId(id: string): Entry | undefined
}

export function createRecords(): Records {
  const responses = new WeakMap<Response, Entry>()
  const signals = new WeakMap<AbortSignal, Entry>()
  const ids = new Map<string, Entry>()

  function remember(id: string, entry: Entry): void {
    ids.set(id, entry)
    if (ids.size > remembered) ids.delete(ids.keys().next().value as string)
  }

  return {
    take(response, signal) {
      const head = parseGovernance(response.headers.get(headerNames.governance) ?? '')
      if (head === undefined) return response
      const isStream = response.ok && response.body !== null && (response.headers.get('content-type') ?? '').includes('text/event-stream')
      let ended: (record: GovernanceRecord) => void = () => {}
      const whole = isStream ? new Promise<GovernanceRecord>((resolve) => (ended = resolve)) : Promise.resolve(head)
      const entry = { head, whole }
      const given = isStream
        ? withBody(response, watchStream(response.body, head, { ended, identified: (id) => remember(id, entry) }))
        : response
      responses.set(given, entry)
      if (signal) signals.set(signal, entry)
      remember(head.request_id, entry)
      return given
    },
    byResponse: (response) => responses.get(response),
    bySignal: (signal) => signals.get(signal),
    byId: (id) => ids.get(id),
  }
}

/** The same answer with a watched body; a new `Response` forgets where it came from. */
function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url })
}
