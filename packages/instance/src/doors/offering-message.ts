import { IncomingMessage } from 'node:http'
import { asksForWebSocket } from './asks-for-web-socket.js'

/**
 * A request that becomes an `upgrade` event only if Postern can accept its `Upgrade`. A server that listens to `upgrade`
 * must be created with it: `createServer({ IncomingMessage: OfferingMessage })`.
 *
 * As soon as `upgrade` has a listener, Node 20 gives it every request that has `Upgrade`, without its body. Some
 * clients send `Upgrade: h2c` with ordinary requests. Node reads the member `upgrade` of the message, first when the
 * head is complete; this class computes it. Node 24 has the option `shouldUpgradeCallback` for the same purpose.
 */
export class OfferingMessage extends IncomingMessage {
  /** `undefined`: the request has an `Upgrade`, and {@link asksForWebSocket} was not called yet. */
  #isUpgrade: boolean | undefined

  /** Node's constructor sets `upgrade` before `#isUpgrade` exists: ignore that. */
  set upgrade(offered: boolean | null) {
    if (#isUpgrade in this) this.#isUpgrade = offered === true ? undefined : false
  }

  get upgrade(): boolean {
    this.#isUpgrade ??= this.method === 'CONNECT' || asksForWebSocket(this)
    return this.#isUpgrade
  }
}
