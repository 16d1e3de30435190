import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { CookieMemory } from '@postern/identity'
import { headerNames } from '@postern/protocol'

/** Safe methods, which change nothing (RFC 9110, 9.2.1). */
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const refusal = headerNames.refusal.toLowerCase()

/**
 * A request to the backend may change whose its cookies are, if its method is not safe or its answer has `Set-Cookie`.
 * Then all answers about these cookies are forgotten: when the request begins, before the client gets the answer's head,
 * and when the request has ended. If Postern did not see the backend's whole answer, because the client left or Postern
 * refused in place of the backend, the change may come later: then the cookies are unsettled.
 *
 * Wraps `response.writeHead`, because every transport to the backend writes the head there.
 */
export function watchAnswer(request: IncomingMessage, response: ServerResponse, cookies: CookieMemory): void {
  const { cookie = '' } = request.headers
  const changes = !safe.has(request.method as string)
  let known: readonly string[] | undefined
  const keys = (): readonly string[] => (known ??= cookies.keysOf(cookie))
  let isOurs = false
  const begin = (): void => {
    const own = cookies.distinctive(keys())
    cookies.forget(keys())
    response.once('close', () => {
      cookies.forget(keys())
      if (!response.writableFinished || isOurs) cookies.unsettle(own)
    })
  }
  if (changes) begin()
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse
  response.writeHead = (...head: unknown[]) => {
    const headers = head.at(-1) as readonly string[]
    const set = cookiesSet(headers)
    isOurs = headers.some((name, index) => index % 2 === 0 && name.length === refusal.length && name.toLowerCase() === refusal)
    if (!changes && set !== '') begin()
    if (changes || set !== '') cookies.forget(set === '' ? keys() : [...keys(), ...cookies.keysOf(set)])
    return writeHead(...head)
  }
}

/** The same for a request for a WebSocket, whose answer is written to the socket: forgets if the answer has `Set-Cookie`. */
export function watchUpgrade(upstream: ClientRequest, { headers: { cookie = '' } }: IncomingMessage, cookies: CookieMemory): ClientRequest {
  const see = ({ rawHeaders }: IncomingMessage): void => {
    const set = cookiesSet(rawHeaders)
    if (set !== '') cookies.forget(cookies.keysOf(`${cookie}${set}`))
  }
  return upstream.once('upgrade', see).once('response', see)
}

/**
 * The cookies of all `Set-Cookie` headers of an answer, each with `; ` before it, to be appended to a `Cookie` header.
 *
 * @param headers Name and value in turn.
 */
function cookiesSet(headers: readonly string[]): string {
  let set = ''
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (name.length === 10 && name.toLowerCase() === 'set-cookie') set += `; ${(headers[index + 1] as string).split(';', 1)[0] ?? ''}`
  }
  return set
}
