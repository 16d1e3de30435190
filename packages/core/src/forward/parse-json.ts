/** What a text says as JSON; `undefined` where it is none. */
export function parseJson(text: string): unknown {
  // What does not begin like JSON costs no error.
  if (!begins.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const begins = /^[\t\n\r ]*["[{\-0-9tfn]/
