import { governanceHeader, type GovernanceRecord, parseGovernance } from '@postern/protocol'
import { isObject } from './is-object.js'
import { isStream } from './is-stream.js'
import { type AnswerIndex, type Entry, ofGateway } from './answer-index.js'
import { PosternStreamError } from './stream-error.js'

/** Finds the governance record of an answer. */
export interface Governance {
  /**
   * For a stream, or an SDK's helper that reads one: resolves at the end of the stream, whether it is complete or
   * not.
   *
   * Rejects with a `TypeError` if the stream did not come from Postern. If you ignore the promise, its rejection is
   * not reported as unhandled.
   */
  (stream: AsyncIterable<unknown>): Promise<GovernanceRecord>
  /**
   * For a result, the value of `withResponse()`, a `Response` or a thrown error. Before a stream ends, this is the
   * record of its head. `undefined` if the answer did not come from Postern.
   *
   * @throws {TypeError} if `answer` is a promise: await it first.
   */
  (answer: object): GovernanceRecord | undefined
}

export function createGovernance(records: AnswerIndex): Governance {
  function find(answer: object): Entry | undefined {
    const { response, controller, _request_id, request_id, requestId, id } = answer as Clues
    for (const part of [answer, response, controller?.signal]) {
      const entry = records.byPart(part)
      if (entry) return entry
    }
    return records.byId((_request_id ?? request_id ?? requestId ?? ofGateway(id as string)) as string)
  }

  function atOnce(answer: unknown): GovernanceRecord | undefined {
    if (!isObject(answer)) return undefined
    if (answer instanceof PosternStreamError) return answer.record
    const { cause } = answer as { readonly cause?: unknown }
    // SDKs wrap errors that they did not throw themselves: the `cause` knows more than the wrapper.
    return atOnce(cause) ?? find(answer)?.known ?? parseGovernance(keptHeader(answer))
  }

  async function whenEnded(stream: object): Promise<GovernanceRecord> {
    const record = (await find(stream)?.whole) ?? (await ofHelper(stream))
    if (!record) throw new TypeError('This is no answer of Postern.')
    return record
  }

  /**
   * An SDK's helper does not expose its stream: find the record by the id of the final message, or by the error it
   * throws.
   */
  async function ofHelper(helper: Helper): Promise<GovernanceRecord | undefined> {
    try {
      const final = await (helper.finalChatCompletion?.() ?? helper.finalResponse?.() ?? helper.finalMessage?.())
      return await records.byId(ofGateway(final?.id))?.whole
    } catch (error) {
      const begun = helper.currentChatCompletionSnapshot ?? helper.currentMessage
      return atOnce(error) ?? records.byId(ofGateway(begun?.id))?.whole
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

/** Where the results of several SDKs keep the response, its signal or its ids. */
interface Clues {
  readonly response?: unknown
  readonly controller?: { readonly signal?: AbortSignal }
  readonly _request_id?: unknown
  readonly request_id?: unknown
  readonly requestId?: unknown
  readonly id?: unknown
}

/** Stream helpers of the SDKs of OpenAI and Anthropic. */
interface Helper {
  readonly finalChatCompletion?: () => Promise<{ readonly id: string }>
  readonly finalResponse?: () => Promise<{ readonly id: string }>
  readonly finalMessage?: () => Promise<{ readonly id: string }>
  readonly currentChatCompletionSnapshot?: { readonly id?: string }
  readonly currentMessage?: { readonly id?: string }
}

/** Reads the governance header that an SDK's error or result keeps, as `Headers` or as an object. */
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
