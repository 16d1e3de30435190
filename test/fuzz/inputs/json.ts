import type { Choices } from '../choices.js'
import { word } from './text.js'

const names = [
  'model',
  'messages',
  'user',
  'team',
  'project',
  'error',
  'usage',
  'id',
  'object',
  'choices',
  'n',
  'stream',
  'max_tokens',
  'prompt',
  'tools',
  'data',
  'x_gateway',
  'daoe',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'code',
  'message',
  'type',
  'keys',
  'kty',
  'sub',
  'ttl',
  'api_key',
  '__proto__',
]
const numbers = [0, 1, -1, 0.5, 1e21, -0, Number.MAX_SAFE_INTEGER, 2 ** 53, 1e308, 255]

/** A member's name. */
export function memberName(choices: Choices): string {
  return choices.below(4) === 3 ? word(choices) : choices.pick(names)
}

/** Any value that JSON can say. */
export function jsonValue(choices: Choices, depth = 0): unknown {
  switch (choices.below(depth > 4 ? 5 : 7)) {
    case 0:
      return word(choices)
    case 1:
      return choices.pick(numbers)
    case 2:
      return choices.oneIn(2)
    case 3:
      return null
    case 4:
      return choices.below(1000)
    case 5:
      return choices.some(5, () => jsonValue(choices, depth + 1))
    default:
      return jsonObject(choices, depth)
  }
}

export function jsonObject(choices: Choices, depth = 0): Record<string, unknown> {
  return Object.fromEntries(choices.some(6, () => [memberName(choices), jsonValue(choices, depth + 1)] as const))
}

/** A document with some members changed, taken out, repeated or put elsewhere. */
export function changed(choices: Choices, document: unknown): unknown {
  if (choices.below(4) === 0) return document
  if (Array.isArray(document)) {
    const list: unknown[] = document.map((item) => (choices.oneIn(3) ? changed(choices, item) : item))
    return choices.oneIn(4) ? [...list, jsonValue(choices, 3)] : list
  }
  if (typeof document !== 'object' || document === null) return choices.oneIn(2) ? jsonValue(choices, 3) : document
  const members = Object.entries(document).flatMap(([name, value]): [string, unknown][] => {
    switch (choices.below(8)) {
      case 5:
        return []
      case 6:
        return [[name, changed(choices, value)]]
      case 7:
        return [[choices.oneIn(2) ? memberName(choices) : name, jsonValue(choices, 3)]]
      default:
        return [[name, value]]
    }
  })
  if (choices.oneIn(3)) members.push([memberName(choices), jsonValue(choices, 2)])
  return Object.fromEntries(members)
}

const sizes = [1, 2, 8, 64]
const large = new Map<string, string>()

/** JSON that is large in one way: wide, long, deep, or of many small things. Of few sizes, so that each is made once. */
export function bigJson(choices: Choices, most: number): string {
  const size = Math.floor(most / choices.pick(sizes))
  const way = choices.below(6)
  const name = `${size}/${way}`
  const known = large.get(name)
  if (known !== undefined) return known
  const made = makeLarge(way, size)
  large.set(name, made)
  return made
}

function makeLarge(way: number, size: number): string {
  const members = (value: string): string =>
    Array.from({ length: size / (9 + value.length) }, (_, index) => `"k${index}":${value}`).join(',')
  switch (way) {
    case 0:
      return `{${members('0')}}`
    case 1:
      return `{"a":[${'0,'.repeat(size / 2)}0]}`
    case 2:
      return `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`
    case 3:
      return `{"model":"auto","messages":[${'{"role":"a"},'.repeat(size / 13)}{}]}`
    case 4:
      return `{"a":"${'\\u0061'.repeat(size / 6)}"}`
    default:
      return `{"a":{${members('{}')}}}`
  }
}
