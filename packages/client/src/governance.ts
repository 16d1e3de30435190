import { type GovernanceRecord, headerNames, parseGovernance } from '@postern/protocol'
import type { Entry, Records } from './records.js'

/** Finds what is known of an answer. */
export interface Governance {
  /** Of a stream, or of a helper that runs one: once it has ended. Rejects where it is none of Postern's. */
  (stream: AsyncIterable<unknown>): Promise<GovernanceRecord>
  /** Of a result, of what `withResponse()` gives, of a `Response` or of a thrown error; `undefined` where it is none of Postern's. */
  (answer: object): GovernanceRecord | undefined
}

export function createGovernance(records: Records): Governance {
  function find(answer: object): Entry | undefined {
    if (answer instanceof Response) return records.byResponse(answer)
    const { response, controller, _request_id: requestId, request_id: id } = answer as Clues
    if (response instanceof Response) return records.byResponse(response)
    if (controller?.signal !== undefined) return records.bySignal(controller.signal)
    const found = requestId ?? id ?? headerOf(answer, headerNames.requestId)
    return typeof found === 'string' ? records.byId(found) : undefined
  }

  async function whenEnded(stream: object): Promise<GovernanceRecord> {
    const entry = find(stream) ?? (await findByAnswer(stream))
    if (entry === undefined) throw new TypeError('This is no answer of Postern, or one of long ago.')
    return entry.whole
  }

  /** A helper that runs a stream keeps the stream to itself; what it puts together has the answer's id. */
  async function findByAnswer({ finalChatCompletion, finalResponse, finalMessage }: Runner): Promise<Entry | undefined> {
    const final = finalChatCompletion ?? finalResponse ?? finalMessage
    if (final === undefined) return undefined
    const { id } = await final()
    return records.byId(id)
  }

  return ((answer: object) => {
    if (Symbol.asyncIterator in answer) return whenEnded(withMethods(answer))
    const entry = find(answer)
    return entry?.head ?? parseGovernance(headerOf(answer, headerNames.governance) ?? '')
  }) as Governance
}

/** Where results of several SDKs keep what they came from. */
interface Clues {
  readonly response?: unknown
  readonly controller?: { readonly signal?: AbortSignal }
  readonly _request_id?: unknown
  readonly request_id?: unknown
}

interface Runner {
  readonly finalChatCompletion?: () => Promise<{ readonly id: string }>
  readonly finalResponse?: () => Promise<{ readonly id: string }>
  readonly finalMessage?: () => Promise<{ readonly id: string }>
}

/** A view on an object whose methods may be taken out of it. */
function withMethods(answer: object): object {
  return new Proxy(answer, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
}

/** The header of an error, or of what an SDK keeps of a response, as `Headers` or as an object. */
function headerOf(answer: object, name: string): string | undefined {
  const { headers = (answer as { response?: { headers?: unknown } }).response?.headers, responseHeaders = headers } = answer as {
    readonly headers?: unknown
    readonly responseHeaders?: unknown
  }
  if (responseHeaders instanceof Headers) return responseHeaders.get(name) ?? undefined
  const value = (responseHeaders as Record<string, unknown> | undefined)?.[name.toLowerCase()]
  return typeof value === 'string' ? value : undefined
}
