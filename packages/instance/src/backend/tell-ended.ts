import type { IncomingMessage } from 'node:http'
import type { BackendAsked, PublicAddress, Witness } from '@postern/ports'
import { endingOf, type OwnEnding } from './noted-ends.js'

/** How many characters of each text of a client an event gets. */
const maxChars = 200

/** What {@link createTellEnded} works with. */
export interface TellEndedOptions {
  readonly witness: Witness
  readonly publicAddress: PublicAddress
  /** Whether every request is described, and not only those that Postern ended by itself. */
  readonly keepsAccess: () => boolean
  readonly redact: (text: string) => string
}

/** Tells the witness of a request to the backend that has ended. `status`: what the client got of the backend, or 499. */
export type TellEnded = (request: IncomingMessage, status: number, startedAt: number) => void

export function createTellEnded({ witness, publicAddress, keepsAccess, redact }: TellEndedOptions): TellEnded {
  const bounded = (text: string): string => redact(text.slice(0, 4 * maxChars)).slice(0, maxChars)

  function describe(request: IncomingMessage, ending: OwnEnding | undefined): BackendAsked {
    const { headers, socket, method = '', url = '' } = request
    const [path = ''] = url.split('?', 1)
    return {
      requestId: ending?.requestId,
      method,
      path: bounded(path),
      host: headers.host === undefined ? undefined : bounded(headers.host),
      origin: headers.origin === undefined ? undefined : bounded(headers.origin),
      address: publicAddress.clientOf({ headers, address: socket.remoteAddress ?? '', connection: socket }) || undefined,
      cause: ending?.cause === undefined ? undefined : bounded(ending.cause),
    }
  }

  return (request, status, startedAt) => {
    const ending = endingOf(request)
    const asked = ending === undefined && !keepsAccess() ? undefined : describe(request, ending)
    const durationMs = performance.now() - startedAt
    witness({ type: 'backend_ended', status: ending?.status ?? status, code: ending?.code, durationMs, asked })
  }
}
