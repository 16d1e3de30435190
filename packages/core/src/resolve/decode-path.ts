import { normalizeWide } from '@postern/gateways'

/** Characters that no id holds: control characters, line separators, and the backslash, which some servers read as a slash. */
// oxlint-disable-next-line no-control-regex
const neverInIds = /[\0-\x1f\x7f-\x9f\\\u2028\u2029]/

/** An escape that was escaped itself: a server that decodes twice would read another id. */
const escapedTwice = /%(?:[0-9a-f]{2}|u)/i

/**
 * Whether some server reads a segment as `.`, `..` or empty, because it ignores blanks and parameters behind `;`. Goes through the blanks
 * once: a search for both rows of them in one pattern would try each way to part them.
 */
function isNothing(segment: string): boolean {
  return /^(?:\.{1,2}\s*)?(?:;|$)/.test(segment.trimStart())
}

/**
 * Decodes a path's escapes, once. Returns `undefined` if they can be read in several ways, or hide a dot segment or an empty
 * segment. Characters that Unicode's NFKC turns into a dot or a slash count as a dot or a slash.
 */
export function decodePath(path: string): string | undefined {
  let read: string
  try {
    read = decodeURIComponent(path)
  } catch {
    return undefined
  }
  if (neverInIds.test(read) || escapedTwice.test(read)) return undefined
  return [read, normalizeWide(read)].some((form) => form.split(/[/\\]/).some(isNothing)) ? undefined : read
}
