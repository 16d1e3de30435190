import type { ServerResponse } from 'node:http'

/**
 * The answer that Node sends on a connection now, which is the first of those that are not finished; `null` if there is
 * none. Node keeps it in the private member `_httpMessage` of the socket.
 */
export function answerOn(socket: object): ServerResponse | null {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? null
}
