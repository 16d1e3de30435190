/** What no id holds: ends of lines and their like, and what some servers take for a slash. */
// oxlint-disable-next-line no-control-regex
const neverInIds = /[\0-\x1f\x7f-\x9f\\\u2028\u2029]/

/** An escape that was escaped itself: who decodes twice reads another id. */
const escapedTwice = /%(?:[0-9a-f]{2}|u)/i

/** A part of a path that some server takes for `.`, `..` or nothing; parameters behind a `;` and blanks at its ends do not count to those. */
const nothing = /^\s*\.{0,2}\s*(?:;|$)/

/**
 * Undoes a path's escapes, once; `undefined` where they can be read in several ways, or hide a dot segment or an empty one.
 * Characters that only look like a dot or a slash (Unicode's compatibility forms) count as what they look like.
 */
export function decodePath(path: string): string | undefined {
  let read: string
  try {
    read = decodeURIComponent(path)
  } catch {
    return undefined
  }
  if (neverInIds.test(read) || escapedTwice.test(read)) return undefined
  return [read, read.normalize('NFKC')].some((form) => form.split(/[/\\]/).some((part) => nothing.test(part))) ? undefined : read
}
