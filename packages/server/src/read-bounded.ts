import { SessionRefusal } from './session-refusal.js'

/**
 * Reads a body as text, up to `mostBytes`.
 *
 * @throws {SessionRefusal} `body_too_large`, with the rest unread; `request_malformed` if it is not UTF-8.
 */
export async function readBounded(body: AsyncIterable<Uint8Array>, mostBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > mostBytes) throw new SessionRefusal('body_too_large')
    parts.push(part)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  } catch {
    throw new SessionRefusal('request_malformed', 'The body is not valid UTF-8.')
  }
}
