import type { ServerResponse } from 'node:http'

/**
 * If an earlier middleware replaced `writeHead`, as compression and sessions do, sets each header by name before it
 * is called: many such wrappers lose headers that are given as a flat list.
 */
export function speakToWrappers(response: ServerResponse): void {
  if (!Object.hasOwn(response, 'writeHead')) return
  const writeHead = response.writeHead.bind(response)
  const named = (status: number, headers: readonly string[] = []): ServerResponse => {
    const values = new Map<string, string[]>()
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] as string
      values.set(name, [...(values.get(name) ?? []), headers[at + 1] as string])
    }
    for (const [name, several] of values) response.setHeader(name, several.length === 1 ? (several[0] as string) : several)
    try {
      return writeHead(status)
    } catch (error) {
      // Whoever answers in place of Postern must not send Postern's headers.
      if (!response.headersSent) for (const name of values.keys()) response.removeHeader(name)
      throw error
    }
  }
  response.writeHead = named as typeof response.writeHead
}
