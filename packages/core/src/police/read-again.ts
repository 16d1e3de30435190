import type { Members } from './callers-places.js'

/** What is read together with each entry of a list: the questions that documents are ranked by, and the instruction of an embedding. */
const asksOfEach = /^(?:(?:search_?)?quer(?:y|ies)|questions?)$/i
const readWithEach = /^(?:instructions?|instruct|prompt|prefix|task_?description)$/i

/** No limit allows as many tokens, and numbers up to it are added exactly. */
export const mostBytes = 2 ** 41

/** A body as it is sent, in which the value of a member is so long. */
export interface WrittenBody {
  readonly bytes: { readonly length: number }
  bytesOf(name: string): number
}

/** No body at all. */
export const nothingWritten: WrittenBody = { bytes: { length: 0 }, bytesOf: () => 0 }

/**
 * The bytes of a request that a model reads more than once, beyond the first time. A model that ranks reads each question beside each
 * document, and bills it as often; an instruction is read with each of those.
 *
 * @param body Its length bounds how long all documents are together.
 */
export function bytesReadAgain(members: Members, body: WrittenBody): number {
  const bytesOf = (name: string, value: unknown): number => (typeof value === 'string' ? Buffer.byteLength(value) : body.bytesOf(name))
  let [questions, questionBytes, instructionBytes, documents] = [0, 0, 0, 1]
  for (const [name, value] of Object.entries(members)) {
    if (value === null || value === undefined) continue
    if (asksOfEach.test(name)) {
      questions += Array.isArray(value) ? value.length : 1
      questionBytes += bytesOf(name, value)
    } else if (readWithEach.test(name)) instructionBytes += bytesOf(name, value)
    else if (Array.isArray(value)) documents = Math.max(documents, value.length)
  }
  const each = Math.max(1, questions)
  const again = questionBytes * (documents - 1) + instructionBytes * (documents * each - 1) + (each - 1) * body.bytes.length
  return Math.min(mostBytes, again)
}
