import type { Members } from './callers-places.js'

/** What is read together with each entry of a list: the question that documents are ranked by, the instruction of an embedding. */
const readWithEach = /^(?:(?:search_?)?quer(?:y|ies)|questions?|instructions?|instruct|prompt|prefix|task_?description)$/i

/**
 * The bytes of a request that a model reads more than once, beyond the first time. A model that ranks reads the question beside each
 * document, and bills it as often.
 */
export function bytesReadAgain(members: Members): number {
  const asked = Object.entries(members).filter(([name]) => readWithEach.test(name))
  if (asked.length === 0) return 0
  const lists = Object.entries(members).flatMap(([name, value]) => (Array.isArray(value) && !readWithEach.test(name) ? [value] : []))
  const question = sum(asked.map(([, value]) => bytesOf(value)))
  const questions = Math.max(1, ...asked.map(([, value]) => (Array.isArray(value) ? value.length : 1)))
  const longest = Math.max(1, ...lists.map(({ length }) => length))
  const documents = questions === 1 ? 0 : sum(lists.map((list) => bytesOf(list)))
  return question * (longest - 1) * questions + documents * (questions - 1)
}

function bytesOf(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
