import { type GovernanceRecord, headerNames, parseGovernance } from '@postern/protocol'
import { PosternStreamError } from './stream-error.js'
import { watchStream } from './watch-stream.js'

/** How many answers are remembered by their ids. */
const remembered = 500

/** What is known of one answer. */
export interface Entry {
  /** At its head. */
  readonly head: GovernanceRecord | undefined
  /** At its end; that of a stream comes with its end. Never rejects. */
  readonly whole: Promise<GovernanceRecord | undefined>
}

/** What is known of answers, found by whatever of them somebody holds. */
export interface Records {
  /** Takes down the answer to a request, and gives it back; a stream of events is watched from then on. */
  take(response: Response, asked: RequestInit): Response
  /** By a response, its body, or the signal that it was asked with. */
  byPart(part: object): Entry | undefined
  /** By the request's id, or the id that the gateway gave the answer; not where several have the same. */
  byId(id: string): Entry | undefined
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
    if (entry.head !== undefined) remember(entry.head.request_id, entry)
    return response
  }

  function watch(response: Response, head: GovernanceRecord | undefined, signal: AbortSignal | null | undefined): Response {
    let ended: (record: GovernanceRecord | undefined) => void = () => {}
    const whole = new Promise<GovernanceRecord | undefined>((resolve) => (ended = resolve))
    const entry = { head, whole }
    const body = response.body as ReadableStream<Uint8Array>
    return keep(withBody(response, watchStream(body, { head, signal, ended, identified: (id) => remember(id, entry) })), signal, entry)
  }

  return {
    take(response, { signal, body }) {
      const head = parseGovernance(response.headers.get(headerNames.governance))
      const type = response.headers.get('content-type') ?? ''
      if (response.ok && response.body !== null) {
        if (type.includes('text/event-stream')) return watch(response, head, signal)
        if (type.includes('json') && asksForStream(body)) {
          const entry = { head, whole: Promise.resolve(head) }
          return keep(withBody(response, insteadOfStream(response, head)), signal, entry)
        }
      }
      return head === undefined ? response : keep(response, signal, { head, whole: Promise.resolve(head) })
    },
    byPart: (part) => parts.get(part),
    byId: (id) => ids.get(id),
  }
}

function asksForStream(body: BodyInit | null | undefined): boolean {
  if (typeof body !== 'string' || !body.includes('"stream"')) return false
  try {
    return (JSON.parse(body) as { readonly stream?: unknown }).stream === true
  } catch {
    return false
  }
}

/** An answer in one piece where a stream was asked for; SDKs find no event in it, and would end as if it were empty. */
function insteadOfStream(response: Response, record: GovernanceRecord | undefined): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const received = await response.text().catch(() => '')
        const cause = new TypeError('The gateway answered in one piece where a stream was asked for.')
        controller.error(new PosternStreamError({ finish: record?.finish ?? 'upstream_error', received, record, cause }))
      },
      cancel: (reason) => response.body?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The same answer with another body; a new `Response` forgets where it came from. */
function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url })
}
