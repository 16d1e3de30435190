import { type GovernanceRecord, governanceHeader, parseGovernance } from '@postern/protocol'
import { isObject } from './is-object.js'
import { watchStream } from './watch-stream.js'

/** How many answers can be found by an id; the oldest are dropped. */
const remembered = 500

/** The governance record of one answer. */
export interface Entry {
  /** The record so far: that of the head; after the end, the whole one. */
  known: GovernanceRecord | undefined
  /** The record at the end of the answer. Never rejects. */
  readonly whole: Promise<GovernanceRecord | undefined>
}

/** Finds the record of an answer by an id, or by an object that belongs to the answer. */
export interface AnswerIndex {
  /** Registers the answer to a request and returns it. The body of a stream of events is replaced by a watched one. */
  take(response: Response, asked: RequestInit): Response
  /** Finds by the response, its body, its parsed JSON, or the signal of its request. */
  byPart(part: unknown): Entry | undefined
  /** Finds by the request id, or by {@link ofGateway} of the gateway's id. `undefined` if several answers share the id. */
  byId(id: string | undefined): Entry | undefined
}

/** The gateway's id of an answer. A gateway may choose the request id of another answer: the two are kept apart. */
export const ofGateway = (id: string | undefined): string | undefined => id && `=${id}`

export function createAnswerIndex(): AnswerIndex {
  const parts = new WeakMap<object, Entry>()
  const ids = new Map<string, Entry | undefined>()

  function remember(id: string, entry: Entry): void {
    // Gateways choose their ids. If two answers share one, neither is found by it.
    ids.set(id, ids.has(id) && ids.get(id) !== entry ? undefined : entry)
    if (ids.size > remembered) ids.delete(ids.keys().next().value as string)
  }

  function keep(response: Response, signal: AbortSignal | null | undefined, entry: Entry): Response {
    for (const part of [response, response.body, signal]) if (part) parts.set(part, entry)
    const json = response.json.bind(response)
    // Most SDKs return this very object to the application.
    response.json = async () => {
      const result: unknown = await json()
      if (isObject(result)) parts.set(result, entry)
      return result
    }
    if (entry.known) remember(entry.known.request_id, entry)
    return response
  }

  function watch(response: Response, head: GovernanceRecord | undefined, signal: AbortSignal | null | undefined): Response {
    let ended: (record: GovernanceRecord | undefined) => void = () => {}
    const entry: Entry = { known: head, whole: new Promise((resolve) => (ended = resolve)) }
    void entry.whole.then((record) => (entry.known = record))
    const body = response.body as ReadableStream<Uint8Array>
    return keep(
      withBody(response, watchStream(body, { head, signal, ended, identified: (id) => remember(ofGateway(id) as string, entry) })),
      signal,
      entry,
    )
  }

  return {
    take(response, { signal, body }) {
      const head = parseGovernance(response.headers.get(governanceHeader))
      if (response.ok && response.body && isStreamed(response, body)) return watch(response, head, signal)
      return head ? keep(response, signal, { known: head, whole: Promise.resolve(head) }) : response
    },
    byPart: (part) => parts.get(part as object),
    byId: (id) => ids.get(id as string),
  }
}

/**
 * Whether the answer is watched as a stream of events. This includes JSON in answer to `stream: true`: SDKs find no
 * event in it and would end as if it were empty; a watched stream without a record fails instead.
 */
function isStreamed({ headers }: Response, asked: BodyInit | null | undefined): boolean {
  const type = `${headers.get('content-type')}`
  return type.includes('event-stream') || (type.includes('json') && asksForStream(asked))
}

function asksForStream(asked: BodyInit | null | undefined): boolean {
  try {
    return (JSON.parse(asked as string) as { readonly stream?: unknown }).stream === true
  } catch {
    return false
  }
}

/**
 * The same answer with another body. A new `Response` has no `url`, so that is set. Where a `Response` cannot hold a
 * stream, as in React Native, the original one gets the new body.
 */
function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const made = new Response(body, response)
  return Object.defineProperties(made.body ? made : response, { url: { value: response.url }, body: { value: body } })
}
