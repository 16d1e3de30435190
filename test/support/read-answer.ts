import { request } from 'node:http'
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** An answer as far as it came. */
export interface ReadAnswer {
  readonly status: number
  /** The lines of its head. */
  readonly head: string
  readonly rawHeaders: readonly string[]
  /** Decoded as a client would, as far as it can be. */
  readonly body: Buffer
  /** Whether it came completely. */
  readonly whole: boolean
}

/** Makes a call on its own connection, and reads what comes before the answer ends or breaks off. */
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
          body: unpacked(Buffer.concat(pieces), response.headers['content-encoding']),
          whole: response.complete,
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Decodes a body as clients do, by its `Content-Encoding`. */
function unpacked(body: Buffer, codings = ''): Buffer {
  const early = { finishFlush: constants.Z_SYNC_FLUSH }
  return codings
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .toReversed()
    .reduce((packed, coding) => {
      try {
        if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(packed, early)
        if (coding === 'deflate') return ((packed[0] ?? 0) & 0x0f) === 8 ? inflateSync(packed, early) : inflateRawSync(packed, early)
        if (coding === 'br') return brotliDecompressSync(packed, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
      } catch {
        // The body is not encoded, whatever the header says.
      }
      return packed
    }, body)
}
