import type { ServerResponse } from 'node:http'

/** The answer that is being sent on a connection, the first of those that are still to be; `null` where there is none. Node keeps it here. */
export function answerOn(socket: object): ServerResponse | null {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? null
}
