import { governanceHeader, type GovernanceRecord, parseGovernance } from '@postern/protocol'
import { isObject } from './is-object.js'
import { isStream } from './is-stream.js'
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
   * is known by now. `undefined` where it is none of Postern's.
   *
   * @throws {TypeError} where it is a promise that was not awaited.
   */
  (answer: object): GovernanceRecord | undefined
}

export function createGovernance(records: Records): Governance {
  function find(answer: object): Entry | undefined {
    const { response, controller, _request_id, request_id, requestId, id } = answer as Clues
    for (const part of [answer, response, controller?.signal]) {
      const entry = records.byPart(part)
      if (entry) return entry
    }
    return records.byId((_request_id ?? request_id ?? requestId ?? id) as string)
  }

  function atOnce(answer: unknown): GovernanceRecord | undefined {
    if (!isObject(answer)) return undefined
    if (answer instanceof PosternStreamError) return answer.record
    const { cause } = answer as { readonly cause?: unknown }
    // SDKs wrap what they did not throw themselves, and what they wrap knows more.
    return atOnce(cause) ?? find(answer)?.known ?? parseGovernance(keptHeader(answer))
  }

  async function whenEnded(stream: object): Promise<GovernanceRecord> {
    const record = (await find(stream)?.whole) ?? (await ofHelper(stream))
    if (!record) throw new TypeError('This is no answer of Postern.')
    return record
  }

  /** A helper keeps its stream to itself; what it puts together has the answer's id, and what it throws a cause. */
  async function ofHelper(helper: Helper): Promise<GovernanceRecord | undefined> {
    try {
      const final = await (helper.finalChatCompletion?.() ?? helper.finalResponse?.() ?? helper.finalMessage?.())
      return await records.byId(final?.id)?.whole
    } catch (error) {
      const begun = helper.currentChatCompletionSnapshot ?? helper.currentMessage
      return atOnce(error) ?? records.byId(begun?.id)?.whole
    }
  }

  return ((answer: object) => {
    if ('then' in answer) throw new TypeError('Await the answer first.')
    if (!(Symbol.asyncIterator in answer) && !isStream(answer)) return atOnce(answer)
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
  readonly requestId?: unknown
  readonly id?: unknown
}

/** Helpers of the SDKs of OpenAI and Anthropic. */
interface Helper {
  readonly finalChatCompletion?: () => Promise<{ readonly id: string }>
  readonly finalResponse?: () => Promise<{ readonly id: string }>
  readonly finalMessage?: () => Promise<{ readonly id: string }>
  readonly currentChatCompletionSnapshot?: { readonly id?: string }
  readonly currentMessage?: { readonly id?: string }
}

/** From an error, or from what an SDK keeps of a response; as `Headers` or as an object. */
function keptHeader({ response, headers, responseHeaders }: Kept): string | null | undefined {
  const kept = responseHeaders ?? headers ?? response?.headers
  return kept instanceof Headers ? kept.get(governanceHeader) : kept?.[governanceHeader.toLowerCase()]
}

type KeptHeaders = Headers | Readonly<Record<string, string>> | undefined

interface Kept {
  readonly headers?: KeptHeaders
  readonly responseHeaders?: KeptHeaders
  readonly response?: { readonly headers?: KeptHeaders }
}
