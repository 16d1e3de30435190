import { isDeepStrictEqual } from 'node:util'
import { parse } from 'dotenv'

/**
 * An assignment as dotenv finds it. A quoted value may span lines, so text inside one is not taken for an assignment.
 */
const assignments =
  /^(\s*(?:export\s+)?)([\w.-]+)(\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?(\s*(?:#.*)?)$/gm

/** The ways to write a value. A label with a `#`, for example, must be quoted. */
const spellings: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => `'${value}'`,
  (value) => `\`${value}\``,
  (value) => `"${value}"`,
]

/**
 * Returns the text of a `.env` in which a variable of it has another value. The pattern above only proposes a text:
 * dotenv, with which the sidecar reads the file, must find exactly this value in it, and all others as they were.
 *
 * @returns `undefined` if no such text was found.
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
