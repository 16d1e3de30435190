import { Refusal } from '../refusal.js'
import { mayNameModel } from './named-models.js'
import { mayRefer } from './stored-objects.js'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

interface Container {
  /** Of an object: its names so far, with whether an object or a list stands behind each. */
  readonly names: Map<string, boolean> | undefined
  /** The caller fills it as the caller likes, so that nothing in it is read. */
  readonly isCallers: boolean
}

/**
 * Where policy looks at members of any depth, what it reads has one reading: a parser that takes the first of two members
 * of one name would see another model, file or object than this process, which takes the last. One walk along the text,
 * which is well-formed.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export function refuseRepeatedMembers(text: string): void {
  const open: Container[] = []
  let name = ''
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (character === quote) {
      const end = endOfString(text, index)
      const within = open[open.length - 1]
      const value = within?.names === undefined ? -1 : valueAfter(text, end)
      if (value !== -1 && within?.names !== undefined) {
        name = nameOf(text.slice(index, end + 1))
        if (!within.isCallers) see(within.names, name, isContainer(text.charCodeAt(value)))
      }
      index = end
    } else if (character === openBrace || character === openBracket) {
      const isCallers = open[open.length - 1]?.isCallers === true || name === 'metadata'
      open.push({ names: character === openBrace ? new Map() : undefined, isCallers })
      name = ''
    } else if (character === closeBrace || character === closeBracket) open.pop()
  }
}

function see(names: Map<string, boolean>, name: string, isBelow: boolean): void {
  const before = names.get(name)
  if (before !== undefined && (before || isBelow || mayNameModel.test(name) || mayRefer.test(name)))
    throw new Refusal('request_malformed', { message: `The member "${name.slice(0, 64)}" stands more than once in one object.` })
  names.set(name, isBelow)
}

function nameOf(written: string): string {
  return written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1)
}

/** Where the value of a member begins whose name ends here; -1 where it is no name, since no colon follows. */
function valueAfter(text: string, end: number): number {
  const after = skipBlanks(text, end + 1)
  return text.charCodeAt(after) === colon ? skipBlanks(text, after + 1) : -1
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at += 1
  return at
}

function isContainer(character: number): boolean {
  return character === openBrace || character === openBracket
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position - 1
  while (text.charCodeAt(before) === backslash) before -= 1
  return (position - before) % 2 === 0
}
