import { parseJson } from './parse-json.js'
import { readEventData } from './read-event.js'

/** Members of streamed events that may hold a piece of the answer: text, thinking and arguments of tools, in the formats of OpenAI and Anthropic. */
const textMembers = [
  '"content"',
  '"reasoning_content"',
  '"reasoning"',
  '"text"',
  '"thinking"',
  '"partial_json"',
  '"arguments"',
  '"input"',
  '"refusal"',
  '"delta"',
] as const

/** The characters of all texts of an event that could be of the answer, without parsing it; more than there are, where others have such names too. */
export function countTexts(event: string): number {
  let chars = 0
  for (const member of textMembers) {
    for (let at = event.indexOf(member); at !== -1; at = event.indexOf(member, at)) {
      at = afterBlanks(event, at + member.length)
      if (event[at] !== ':') continue
      at = afterBlanks(event, at + 1)
      if (event[at] !== '"') continue
      at += 1
      for (; at < event.length && event[at] !== '"'; at += 1) {
        if (event[at] === '\\') at += event[at + 1] === 'u' ? 5 : 1
        chars += 1
      }
    }
  }
  return chars
}

function afterBlanks(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d; code = text.charCodeAt(at)) at += 1
  return at
}

/** As how many characters a row of the same character counts. */
const mostOfRow = 4

type Members = Readonly<Record<string, unknown>>

/** Names under which one piece of thinking stands, often under several at once. */
const thoughts = ['reasoning_content', 'reasoning', 'thinking'] as const

/**
 * The characters (code points) of an event's pieces of the answer, and of nothing else: not of the whole answer so far, which some servers send beside
 * them, nor of what was found or read. A row of the same character counts as four: there are tokens of a hundred blanks or hyphens.
 */
export function countPieces(event: string, isTyped: boolean): number {
  const data = readEventData(event)
  const record = data === undefined ? undefined : parseJson(data)
  if (!isMembers(record)) return 0
  if (isTyped) return ofTyped(record)
  const choices = listOf(record['choices']).reduce<number>((sum, choice) => sum + ofChoice(choice), 0)
  return listOf(record['candidates']).reduce<number>((sum, candidate) => sum + ofCandidate(candidate), choices)
}

function ofTyped({ type, delta }: Members): number {
  if (typeof type !== 'string' || !type.endsWith('delta') || type.includes('audio')) return 0
  if (!isMembers(delta)) return lengthOf(delta)
  return lengthOf(delta['text']) + lengthOf(delta['thinking']) + lengthOf(delta['partial_json'])
}

function ofChoice(choice: unknown): number {
  if (!isMembers(choice)) return 0
  const { delta, text } = choice
  if (!isMembers(delta)) return lengthOf(text)
  const calls = [...listOf(delta['tool_calls']), { function: delta['function_call'] }]
  return (
    ofContent(delta['content']) +
    lengthOf(delta['refusal']) +
    Math.max(...thoughts.map((name) => lengthOf(delta[name]))) +
    calls.reduce<number>((sum, call) => sum + ofToolCall(call), 0)
  )
}

/** A part of an answer in the form of Google's API. */
function ofCandidate(candidate: unknown): number {
  const content = isMembers(candidate) ? candidate['content'] : undefined
  return isMembers(content) ? ofContent(content['parts'] ?? []) : 0
}

function ofContent(content: unknown): number {
  if (!Array.isArray(content)) return lengthOf(content)
  return content.reduce<number>(
    (sum, part: unknown) => sum + (isMembers(part) ? lengthOf(part['text']) + lengthOf(part['thinking']) : 0),
    0,
  )
}

function ofToolCall(call: unknown): number {
  if (!isMembers(call)) return 0
  const { function: called, custom } = call
  return (isMembers(called) ? lengthOf(called['arguments']) : 0) + (isMembers(custom) ? lengthOf(custom['input']) : 0)
}

function lengthOf(text: unknown): number {
  if (typeof text !== 'string') return 0
  let [counted, inRow, former] = [0, 0, -1]
  for (let at = 0; at < text.length; at += 1) {
    const character = text.codePointAt(at) as number
    if (character > 0xffff) at += 1
    inRow = character === former ? inRow + 1 : 1
    if (inRow <= mostOfRow) counted += 1
    former = character
  }
  return counted
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
