import type { ErrorEnvelope } from '@postern/protocol'

/** The data of an event: its `data:` lines joined with line feeds; `undefined` if it has none. */
export function readEventData(event: string): string | undefined {
  const lines = dataLines(event)
  if (lines.length === 0) return undefined
  return lines.map((line) => line.slice(line.charCodeAt(5) === space ? 6 : 5)).join('\n')
}

/** The `data:` lines of an event. Searches for `data:` instead of splitting lines, so an event of empty lines only is cheap. */
function dataLines(event: string): string[] {
  const lines: string[] = []
  for (let at = event.indexOf(dataField); at !== -1; ) {
    const before = event.charCodeAt(at - 1)
    if (at > 0 && before !== lineFeed && before !== carriageReturn && !(at === 1 && before === byteOrderMark)) {
      at = event.indexOf(dataField, at + 1)
      continue
    }
    lineEnd.lastIndex = at
    const end = lineEnd.test(event) ? lineEnd.lastIndex - 1 : event.length
    lines.push(event.slice(at, end))
    at = event.indexOf(dataField, end)
  }
  return lines
}

/** Adds `"choices":[]` to the JSON object in an event; every other byte stays. */
export function addChoices(event: string): string {
  return event.replace(
    /^(data: ?\s*\{)(\s*\}?)/m,
    (_, open: string, next: string) => `${open}"choices":[]${next.endsWith('}') ? '' : ','}${next}`,
  )
}

/**
 * Turns the `data:` lines of an event into comments, which every SSE client skips (HTML standard, 9.2.6). Drops its other
 * lines, so that none of them can look like a governance frame.
 */
export function asComment(event: string): string {
  return `${dataLines(event)
    .map((line) => `: ${line}\n`)
    .join('')}\n`
}

/**
 * An event with an error of Postern's own, as SDKs read one.
 *
 * @param isTyped Whether the events of the format have a type, as those of Responses and of Anthropic's messages do.
 */
export function errorEvent(envelope: ErrorEnvelope, isTyped: boolean): string {
  return isTyped ? `event: error\ndata: ${JSON.stringify({ type: 'error', ...envelope })}\n\n` : `data: ${JSON.stringify(envelope)}\n\n`
}

const dataField = 'data:'
const lineEnd = /[\r\n]/g
const space = 0x20
const lineFeed = 0x0a
const carriageReturn = 0x0d
/** Ignored at the beginning of a stream (HTML standard, 9.2.5). */
const byteOrderMark = 0xfeff
