import { type GovernanceRecord, governanceHeader, parseGovernance } from '@postern/protocol'
import { isObject } from './is-object.js'
import { watchStream } from './watch-stream.js'

/** How many answers are remembered by their ids. */
const remembered = 500

/** What is known of one answer. */
export interface Entry {
  /** By now: at its head, and once it has ended the whole. */
  known: GovernanceRecord | undefined
  /** At its end; that of a stream comes with its end. Never rejects. */
  readonly whole: Promise<GovernanceRecord | undefined>
}

/** What is known of answers, found by whatever of them somebody holds. */
export interface Records {
  /** Takes down the answer to a request, and gives it back; a stream of events is watched from then on. */
  take(response: Response, asked: RequestInit): Response
  /** By a response, its body, what it says as JSON, or the signal that it was asked with. */
  byPart(part: unknown): Entry | undefined
  /** By the request's id, or the id that the gateway gave the answer; not where several have the same. */
  byId(id: string | undefined): Entry | undefined
}

export function createRecords(): Records {
  const parts = new WeakMap<object, Entry>()
  const ids = new Map<string, Entry | undefined>()

  function remember(id: string, entry: Entry): void {
    // Ids of gateways are theirs to choose, and what is not known is not guessed.
    ids.set(id, ids.has(id) && ids.get(id) !== entry ? undefined : entry)
    if (ids.size > remembered) ids.delete(ids.keys().next().value as string)
  }

  function keep(response: Response, signal: AbortSignal | null | undefined, entry: Entry): Response {
    for (const part of [response, response.body, signal]) if (part) parts.set(part, entry)
    const json = response.json.bind(response)
    // What most SDKs hand out is what they got here.
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
    return keep(withBody(response, watchStream(body, { head, signal, ended, identified: (id) => remember(id, entry) })), signal, entry)
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
 * Whether an answer is read as a stream of events. Also one that came in one piece where a stream was asked for: SDKs
 * find no event in it and would end as if it were empty, which a watched stream without its record cannot.
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
 * The same answer with another body. A new `Response` forgets where it came from; some platforms' can hold no stream, such
 * as React Native's, and then the answer is lent the body.
 */
function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response
  const made = new Response(body, { status, statusText, headers })
  return Object.defineProperties(made.body ? made : response, { url: { value: url }, body: { value: body } })
}
