import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { headerNames } from '@postern/protocol'

/** What is known of cookies, as far as the road to the backend has to do with it. */
export interface CookieMemory {
  /** What the cookies of a `Cookie` header are known again by. */
  keysOf(header: string): readonly string[]
  /** Forgets whose the cookies with these keys are. */
  forget(keys: readonly string[]): void
  /** Those that could say whose a request is: what two users have, says nothing. */
  distinctive(keys: readonly string[]): readonly string[]
  /** Forgets it, and for a minute remembers no new answer about these cookies: the backend may still be working on a change whose answer Postern will not see. */
  unsettle(keys: readonly string[]): void
}

/** Change nothing, as their definition says (RFC 9110, 9.2.1). */
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const refusal = headerNames.refusal.toLowerCase()

/**
 * Watches whether a request to the backend may change whose its cookies are: by its method, or because its answer sets
 * one. Then what is known of them is forgotten when it begins, before the client sees the answer's head, and when it has
 * ended. Where the backend's answer was not seen to its end, since the client left or we refused for the backend, the
 * change may come at any time later.
 *
 * The head is watched where it is written, so that no road to the backend passes by.
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

/** The same of a request that asks for a WebSocket, whose answer is written on the bare connection. */
export function watchUpgrade(upstream: ClientRequest, { headers: { cookie = '' } }: IncomingMessage, cookies: CookieMemory): ClientRequest {
  const see = ({ rawHeaders }: IncomingMessage): void => {
    const set = cookiesSet(rawHeaders)
    if (set !== '') cookies.forget(cookies.keysOf(`${cookie}${set}`))
  }
  return upstream.once('upgrade', see).once('response', see)
}

/** The cookies that an answer sets, name and value in turn, as they would stand in `Cookie` behind others. */
function cookiesSet(headers: readonly string[]): string {
  let set = ''
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (name.length === 10 && name.toLowerCase() === 'set-cookie') set += `; ${(headers[index + 1] as string).split(';', 1)[0] ?? ''}`
  }
  return set
}
