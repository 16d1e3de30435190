import { request } from 'node:http'

/** An answer as far as it came. */
export interface ReadAnswer {
  readonly status: number
  /** The lines of its head. */
  readonly head: string
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** Whether it came to its end. */
  readonly whole: boolean
}

/** Calls on a connection of its own, and takes whatever comes before the answer ends or breaks off. */
export function readAnswer(
  url: string,
  {
    method = 'POST',
    headers = {},
    body,
  }: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<ReadAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', () => {})
      response.on('close', () => {
        const { rawHeaders } = response
        const lines = rawHeaders.filter((_, index) => index % 2 === 0).map((name, index) => `${name}: ${rawHeaders[2 * index + 1]}`)
        resolve({
          status: response.statusCode as number,
          head: lines.join('\n'),
          rawHeaders,
          body: Buffer.concat(pieces),
          whole: response.complete,
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
