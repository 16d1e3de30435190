/** What is fetched, and how much of it is read. */
export interface FetchJsonOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Fetches a JSON document from an address of the configuration: no redirects, and no more than is expected.
 *
 * @throws {Error} where there is no such answer.
 */
export async function fetchJson(url: string, { maxBytes, signal }: FetchJsonOptions): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'error', signal })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${new URL(url).origin} answered with status ${response.status}.`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${new URL(url).origin} answered with more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
}
