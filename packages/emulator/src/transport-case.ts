/** Cases every gateway has: what networks, proxies and broken or hostile servers do. */
export const TRANSPORT_CASES = {
  hang: { status: 0, summary: 'never answers' },
  'hang-stream': { status: 200, summary: 'sends the first event (or the first part of the body), then nothing more' },
  'slow-stream': { status: 200, summary: 'about fifty events (or parts of the body), 100 ms apart' },
  'cut-stream': { status: 200, summary: 'drops the connection in the middle of the answer' },
  'end-without-done': { status: 200, summary: 'ends the stream cleanly without its closing event' },
  'split-events': { status: 200, summary: 'sends the answer in pieces of seven bytes' },
  'crlf-events': { status: 200, summary: 'ends the lines of the stream with CR LF' },
  html: { status: 200, summary: 'answers with a web page' },
  redirect: { status: 307, summary: 'redirects to /stolen on the same origin, where whatever arrives is recorded' },
  'echo-key': { status: 200, summary: 'repeats the credential in the text and in the header authorization' },
  'echo-key-split': { status: 200, summary: 'repeats the credential in the text, broken across two events' },
  'echo-key-error': { status: 400, summary: 'repeats the credential in an error message' },
  big: { status: 200, summary: 'an answer of 3 MiB' },
  'not-json': { status: 200, summary: 'announces JSON and sends something broken' },
  'set-cookie': { status: 200, summary: 'a normal answer with Set-Cookie, Alt-Svc, Proxy-Authenticate and a hop-by-hop header' },
  'request-id': { status: 200, summary: 'a normal answer with an X-Request-ID of the gateway' },
  'stream-error': { status: 200, summary: 'fails in the middle of the stream, the way this gateway reports it' },
} as const

export type TransportCase = keyof typeof TRANSPORT_CASES

export function isTransportCase(name: string): name is TransportCase {
  return Object.hasOwn(TRANSPORT_CASES, name)
}
