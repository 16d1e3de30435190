/**
 * A segment that some server reads as `.`, `..` or empty, because it first cuts off parameters behind `;` (RFC 3986, 3.3
 * and 5.2.4).
 */
const dotSegment = /(?:^|[/\\])(?:\.{1,2}(?:[;/\\]|$)|;)/

export function hasDotSegment(path: string): boolean {
  return dotSegment.test(path)
}
