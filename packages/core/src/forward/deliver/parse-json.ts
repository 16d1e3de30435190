/** Parses JSON, also behind a byte order mark; `undefined` if the text is not JSON. */
export function parseJson(written: string): unknown {
  const text = written.charCodeAt(0) === byteOrderMark ? written.slice(1) : written
  // Avoids the cost of an exception for a text that does not begin like JSON.
  if (!begins.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const begins = /^[\t\n\r ]*["[{\-0-9tfn]/

const byteOrderMark = 0xfeff
