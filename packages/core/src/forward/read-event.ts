/** The data of an event: its `data:` lines joined, or `undefined` where it has none. */
export function readEventData(event: string): string | undefined {
  let data: string | undefined
  for (const line of event.split(/\r\n|\r|\n/)) {
    if (!line.startsWith('data:')) continue
    const value = line.charCodeAt(5) === space ? line.slice(6) : line.slice(5)
    data = data === undefined ? value : `${data}\n${value}`
  }
  return data
}

/** Gives the JSON object in an event an empty `choices`, and leaves every other byte alone. */
export function addChoices(event: string): string {
  return event.replace(
    /^(data: ?\s*\{)(\s*\}?)/m,
    (_, open: string, next: string) => `${open}"choices":[]${next.endsWith('}') ? '' : ','}${next}`,
  )
}

/** The data of an event as comments, which every SSE client skips (HTML standard, 9.2.6); its other lines go, so that none poses as a comment of ours. */
export function asComment(event: string): string {
  const lines = event.split(/\r\n|\r|\n/).filter((line) => line.startsWith('data:'))
  return `${lines.map((line) => `: ${line}\n`).join('')}\n`
}

const space = 0x20
