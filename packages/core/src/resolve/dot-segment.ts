/**
 * A segment that some server takes for `.`, `..` or nothing: parameters behind a `;` do not count to those
 * that cut them off first (RFC 3986, 3.3 and 5.2.4).
 */
const dotSegment = /(?:^|[/\\])(?:\.{1,2}(?:[;/\\]|$)|;)/

export function hasDotSegment(path: string): boolean {
  return dotSegment.test(path)
}
