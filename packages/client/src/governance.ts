import { type GovernanceRecord, headerNames, parseGovernance } from '@postern/protocol'
import type { Entry, Records } from './records.js'
import { PosternStreamError } from './stream-error.js'

/** Finds what is known of an answer. */
export interface Governance {
  /**
   * Of a stream, or of a helper that runs one: once it has ended, however it did.
   *
   * Rejects where it is none of Postern's. Nobody need await it.
   */
  (stream: AsyncIterable<unknown>): Promise<GovernanceRecord>
  /**
   * Of a result, of what `withResponse()` gives, of a `Response` or of a thrown error; of a stream's as far as it
   * was known at its start. `undefined` where it is none of Postern's.
   *
   * @throws {TypeError} where it is a promise that was not awaited.
   */
  (answer: object): GovernanceRecord | undefined
}

export function createGovernance(records: Records): Governance {
  function find(answer: object): Entry | undefined {
    const { response, controller, _request_id: requestId, request_id: id } = answer as Clues
    for (const part of [answer, response, controller?.signal]) {
      const entry = typeof part === 'object' && part !== null ? records.byPart(part) : undefined
      if (entry !== undefined) return entry
    }
    const found = requestId ?? id ?? headerOf(answer, headerNames.requestId)
    return typeof found === 'string' ? records.byId(found) : undefined
  }

  function atOnce(answer: object): GovernanceRecord | undefined {
    if (answer instanceof PosternStreamError) return answer.record
    const known = find(answer)?.head ?? parseGovernance(headerOf(answer, headerNames.governance))
    const { cause } = answer as { readonly cause?: unknown }
    // SDKs wrap what they did not throw themselves.
    return known ?? (typeof cause === 'object' && cause !== null ? atOnce(cause) : undefined)
  }

  async function whenEnded(stream: object): Promise<GovernanceRecord> {
    const record = (await find(stream)?.whole) ?? (await ofHelper(stream))
    if (record === undefined) throw new TypeError('This is no answer of Postern, or one of long ago.')
    return record
  }

  /** A helper keeps its stream to itself; what it puts together has the answer's id, and what it throws a cause. */
  async function ofHelper(helper: Helper): Promise<GovernanceRecord | undefined> {
    try {
      const final = await (helper.finalChatCompletion?.() ?? helper.finalResponse?.() ?? helper.finalMessage?.())
      return final === undefined ? undefined : await records.byId(final.id)?.whole
    } catch (error) {
      const begun = helper.currentChatCompletionSnapshot?.id ?? helper.currentMessage?.id
      const record = typeof error === 'object' && error !== null ? atOnce(error) : undefined
      return record ?? (begun === undefined ? undefined : await records.byId(begun)?.whole)
    }
  }

  return ((answer: object) => {
    if ('then' in answer) throw new TypeError('This is the promise of an answer. Await it, and ask for what it gives.')
    if (!(Symbol.asyncIterator in answer) && !(answer instanceof ReadableStream)) return atOnce(answer)
    const ended = whenEnded(answer)
    ended.catch(() => {})
    return ended
  }) as Governance
}

/** Where results of several SDKs keep what they came from. */
interface Clues {
  readonly response?: unknown
  readonly controller?: { readonly signal?: AbortSignal }
  readonly _request_id?: unknown
  readonly request_id?: unknown
}

/** Helpers of the SDKs of OpenAI and Anthropic. */
interface Helper {
  readonly finalChatCompletion?: () => Promise<{ readonly id: string }>
  readonly finalResponse?: () => Promise<{ readonly id: string }>
  readonly finalMessage?: () => Promise<{ readonly id: string }>
  readonly currentChatCompletionSnapshot?: { readonly id?: string }
  readonly currentMessage?: { readonly id?: string }
}

/** The header of an error, or of what an SDK keeps of a response, as `Headers` or as an object. */
function headerOf(answer: object, name: string): string | undefined {
  const {
    response,
    headers = (response as { readonly headers?: unknown } | undefined)?.headers,
    responseHeaders = headers,
  } = answer as {
    readonly response?: unknown
    readonly headers?: unknown
    readonly responseHeaders?: unknown
  }
  if (responseHeaders instanceof Headers) return responseHeaders.get(name) ?? undefined
  const value = (responseHeaders as Record<string, unknown> | undefined)?.[name.toLowerCase()]
  return typeof value === 'string' ? value : undefined
}
