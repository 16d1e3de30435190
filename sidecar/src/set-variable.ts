import { isDeepStrictEqual } from 'node:util'
import { parse } from 'dotenv'

/** An assignment as dotenv finds it, whose quoted values may span lines; so nothing inside of another's value is taken for one. */
const assignments =
  /^(\s*(?:export\s+)?)([\w.-]+)(\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?(\s*(?:#.*)?)$/gm

/** How a value may stand; a label with a `#` in it, for one, has to be quoted. */
const spellings: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => `'${value}'`,
  (value) => `\`${value}\``,
  (value) => `"${value}"`,
]

/**
 * Gives the text of a `.env` in which a variable that stands there has another value, wherever it stands. What
 * was found above does not decide: dotenv, which the sidecar reads the file with, has to find exactly this value in it
 * and all others as they were.
 *
 * @returns `undefined` where no such text was found.
 */
export function setVariable(text: string, variable: string, value: string): string | undefined {
  const meant = { ...parse(text), [variable]: value }
  for (const spell of spellings) {
    const changed = text.replace(
      assignments,
      (whole: string, before: string, name: string, sign: string, old: string | undefined, after: string) => {
        if (name !== variable) return whole
        const blanks = old?.slice(old.trimEnd().length) ?? ''
        return `${before}${name}${sign}${spell(value)}${blanks}${after}`
      },
    )
    if (isDeepStrictEqual(parse(changed), meant)) return changed
  }
  return undefined
}
