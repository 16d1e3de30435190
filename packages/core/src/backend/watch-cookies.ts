import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'

/** Forgets whose the cookies of a `Cookie` header are. */
export type ForgetCookies = (header: string) => void

/** Change nothing, as their definition says (RFC 9110, 9.2.1). */
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Watches whether a request to the backend may change whose its cookies are: by its method, or because its answer sets
 * one. Then what is known of them is forgotten when it begins, before the client sees the answer's head, and when it has ended.
 *
 * The head is watched where it is written, so that no road to the backend passes by.
 */
export function watchAnswer(request: IncomingMessage, response: ServerResponse, forget: ForgetCookies): void {
  const { cookie = '' } = request.headers
  const changes = !safe.has(request.method as string)
  const end = (): void => forget(cookie)
  if (changes) {
    end()
    response.once('close', end)
  }
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse
  response.writeHead = (...head: unknown[]) => {
    const set = cookiesSet(head.at(-1) as readonly string[])
    if (changes || set !== '') forget(`${cookie}${set}`)
    if (!changes && set !== '') response.once('close', end)
    return writeHead(...head)
  }
}

/** The same of a request that asks for a WebSocket, whose answer is written on the bare connection. */
export function watchUpgrade(upstream: ClientRequest, { headers: { cookie = '' } }: IncomingMessage, forget: ForgetCookies): ClientRequest {
  const see = ({ rawHeaders }: IncomingMessage): void => {
    const set = cookiesSet(rawHeaders)
    if (set !== '') forget(`${cookie}${set}`)
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
