import { normalizeWide } from './normalize-wide.js'

/**
 * A member's name as case-insensitive servers read it. Some of them also fold characters beyond ASCII, such as the long s
 * (U+017F) and the Kelvin sign (U+212A). Takes time linear in the name's length.
 */
export function foldCase(name: string): string {
  if (isPlain.test(name) || manyMarks.test(name)) return name.toLowerCase()
  return (ligatures.test(name) ? normalizeBetween(name) : normalizeWide(name)).toLowerCase()
}

/** Arabic presentation forms are not normalised: one becomes up to eighteen letters, none of which is in a name we look for. */
const ligatures = /[\ufb50-\ufdff]/
const ligatureRuns = /([\ufb50-\ufdff]+)/

function normalizeBetween(name: string): string {
  return name
    .split(ligatureRuns)
    .map((part) => (ligatures.test(part) ? part : normalizeWide(part)))
    .join('')
}

/**
 * More combining marks in a row than real text has (UAX #15, Stream-Safe Text Format). Such a name is not normalised: that
 * would take quadratic time, and no name that we look for has them.
 */
const manyMarks = /\p{M}{31}/u

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const isPlain = /^[\0-\x7f]*$/
