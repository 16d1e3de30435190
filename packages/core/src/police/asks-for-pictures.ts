import { squashName } from '@postern/gateways'
import { amountNamed } from './amount-names.js'
import type { VisitedMember } from './visit-members.js'

/** Names that say a number of pictures, or that a request makes several. */
const several =
  /^(?:num|max|number|numberof|numof|n)(?:images?|pictures?)$|^n$|batch|sequential|sequence|series|burst|repeat|iterat|variation|grid|^(?:prompts|quantity)$/

/** Names whose number says how a picture is made. A number under any other name could be how many are made. */
const manner =
  /seed|width|height|steps?$|scale|strength|guidance|cfg|quality|compression|partialimages|skip|^eta$|noise|tolerance|level|resolution|dpi|pixels|^(?:image|output)?size$|timeout|length|weight|shift|threshold|temperature|^top[pk]$|stylize|chaos|left|right|top|bottom|^[xy]$|radius|opacity|alpha|frequency|penalty/

/** Values under such a name that make one picture. */
const one = new Set<unknown>([null, undefined, false, 0, 1, '', '0', '1', 'false', 'none', 'off', 'disabled', 'no'])

/**
 * Whether a member could say how many pictures are made, beside the one that is counted: `n` at the top. Every gateway has its own name
 * for it, so a number above one counts under any name that is not known to say something else.
 */
export function asksForPictures({ name, value, isTop }: VisitedMember): boolean {
  if (isTop && name === 'n') return false
  if (isTop && name === 'prompt') return Array.isArray(value) && value.length > 1
  const plain = squashName(name)
  if (amountNamed(name) === 'answers' || several.test(plain)) return !one.has(value)
  return isAboveOne(value) && !manner.test(plain)
}

function isAboveOne(value: unknown): boolean {
  if (typeof value === 'number') return !(value <= 1)
  return typeof value === 'string' && value.length <= maxDigits && /^\s*\+?\d+(?:\.\d*)?\s*$/.test(value) && Number(value) > 1
}

/** No gateway takes a number with more digits. */
const maxDigits = 32
