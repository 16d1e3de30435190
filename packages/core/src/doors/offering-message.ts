import { IncomingMessage } from 'node:http'
import { asksForWebSocket } from './asks-for-web-socket.js'

/**
 * A request that becomes an `upgrade` event only where its offer can be taken. Make a server with it that
 * listens to that event.
 *
 * Node 20 hands every request that offers another protocol to the listener of `upgrade`, cut off behind its
 * head, as soon as there is one. Clients offer `h2c` with requests that are as good as any other. Node asks the
 * message whether it is an upgrade, first when the head is read, and this answers in its place; `shouldUpgradeCallback`,
 * which does the same, came with Node 24.
 */
export class OfferingMessage extends IncomingMessage {
  /** `undefined`: there is an offer, and it is not decided on. */
  #isUpgrade: boolean | undefined

  /** What Node's constructor writes comes before the field is there. */
  set upgrade(offered: boolean | null) {
    if (#isUpgrade in this) this.#isUpgrade = offered === true ? undefined : false
  }

  get upgrade(): boolean {
    this.#isUpgrade ??= this.method === 'CONNECT' || asksForWebSocket(this)
    return this.#isUpgrade
  }
}
