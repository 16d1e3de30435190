/** What a text says as JSON, behind a byte order mark or not; `undefined` where it is none. */
export function parseJson(written: string): unknown {
  const text = written.charCodeAt(0) === byteOrderMark ? written.slice(1) : written
  // What does not begin like JSON costs no error.
  if (!begins.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const begins = /^[\t\n\r ]*["[{\-0-9tfn]/

const byteOrderMark = 0xfeff
