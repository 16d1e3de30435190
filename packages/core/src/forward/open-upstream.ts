import { type Dispatcher, Pool } from 'undici'
import { maxAnswerHeadBytes } from '../max-answer-head-bytes.js'
import { openConnector } from '../open-connector.js'
import type { Gateway } from '../resolve/route.js'

/**
 * Opens the one road to a gateway: a pool of connections to its fixed origin, for the life of the runtime.
 *
 * This is the only function that connects to a gateway. Redirects are not followed, so a credential cannot
 * be led elsewhere.
 */
export function openUpstream(gateway: Gateway): Dispatcher {
  return new Pool(gateway.origin, {
    connect: openConnector({ timeout: gateway.timeouts.connectMs }),
    headersTimeout: gateway.timeouts.headersMs,
    bodyTimeout: gateway.timeouts.idleMs,
    pipelining: 1,
    maxHeaderSize: maxAnswerHeadBytes,
  })
}
