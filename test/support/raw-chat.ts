import type { House } from './house.js'
import { rawExchange } from './raw-exchange.js'

/** Sends a chat call with exactly these header lines: no client library would send them. */
export function rawChat(
  house: House,
  headerLines: readonly string[],
  options: { readonly path?: string; readonly body?: string; readonly credential?: string | null } = {},
): Promise<string> {
  const {
    path = '/ai/v1/chat/completions',
    body = JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] }),
  } = options
  const credential = options.credential === undefined ? house.callers.acme : options.credential
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: sidecar.test',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(credential === null ? [] : [`Authorization: Bearer ${credential}`]),
    ...headerLines,
  ]
  return rawExchange(house.origin, `${lines.join('\r\n')}\r\n\r\n${body}`, { silenceMs: 5_000, oneAnswer: true })
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}

export function codeOf(answer: string): string | undefined {
  return /"code":"([^"]*)"/.exec(answer)?.[1]
}
