import type { Finish, GovernanceRecord } from '@postern/protocol'
import type { Dispatcher } from 'undici'
import { ClientGone } from '../refusal.js'
import { readAnswerHead } from './answer-head.js'
import { chooseDelivery } from './choose-delivery.js'
import { classifyFailure } from './classify-failure.js'
import type { Delivery, Exchange, ExchangeFacts } from './exchange.js'
import type { Outcome } from './outcome.js'

/**
 * One request at the gateway as undici sees it: it begins, answers, and ends or fails.
 *
 * A class and not a factory, because one is made for every request and a factory would make a dozen
 * functions with it. It takes undici's raw form of a handler, with header bytes as they came: the other
 * form parses them into an object that nobody here reads. See ADR 0003.
 */
export class GatewayExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly facts: ExchangeFacts
  readonly #resolve: (outcome: Outcome) => void
  readonly #reject: (error: unknown) => void
  /** Until the request left, the time was ours but for what the client took to send it. */
  readonly #ownMs: number
  readonly #askedAt = performance.now()
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #delivery: Delivery | undefined
  #settled = false
  #stalled: NodeJS.Timeout | undefined
  /** When the gateway was last heard of. */
  #heardAt = 0

  constructor(facts: ExchangeFacts, resolve: (outcome: Outcome) => void, reject: (error: unknown) => void) {
    this.facts = facts
    this.#resolve = resolve
    this.#reject = reject
    this.#ownMs = performance.now() - facts.arrival.startedAt - facts.permit.waitedMs
  }

  governance(finish: Finish | undefined): GovernanceRecord {
    return this.facts.tap.governance(finish, this.#heardAt === 0 ? this.#ownMs : this.#ownMs + performance.now() - this.#heardAt)
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    this.#resolve(outcome)
  }

  refuse(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#reject(error)
  }

  abort(reason: Error): void {
    this.#abort?.(reason)
  }

  /** The client's connection is closed; unless all was said already, the gateway need not go on. */
  clientClosed(): void {
    clearTimeout(this.#stalled)
    if (this.#settled) return
    this.settle({ finish: 'client_closed', status: this.facts.sink.headersSent ? 200 : 499, record: this.governance('client_closed') })
    this.abort(new ClientGone('The client left.'))
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (this.#settled) abort(new ClientGone('The client left.'))
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200) return this.#hearInterim(status)
    this.#heardAt = performance.now()
    this.#resume = resume
    const { route, key, tap } = this.facts
    const head = readAnswerHead(status, rawHeaders, route.gateway.dialect.governance.passedHeaders, key.secrets)
    tap.head(head.header)
    this.#delivery = chooseDelivery(this, head)
    return true
  }

  /** undici waits anew after each (RFC 9110, 15.2); whoever sends nothing else has given no answer in time. */
  #hearInterim(status: number): boolean {
    const { headersMs } = this.facts.route.gateway.timeouts
    if (status < 100) this.abort(new Error('The gateway answered with a status that is none.'))
    else if (performance.now() - this.#askedAt > headersMs)
      this.abort(Object.assign(new Error('The gateway did not answer in time.'), { code: 'ETIMEDOUT' }))
    return true
  }

  /** @returns `false` where the gateway has to wait until the client has read what it has. */
  onData(chunk: Buffer): boolean {
    this.#heardAt = performance.now()
    if (this.#settled || this.#delivery?.chunk(chunk) !== false) return true
    this.#waitForClient()
    return false
  }

  /** A client that reads nothing for as long as a gateway may be silent is let go, and the gateway with it. */
  #waitForClient(): void {
    const { sink, route } = this.facts
    this.#stalled = setTimeout(() => sink.destroy(), route.gateway.timeouts.idleMs)
    sink.once('drain', () => {
      clearTimeout(this.#stalled)
      this.#resume?.()
    })
  }

  onComplete(): void {
    if (!this.#settled) this.#delivery?.end()
  }

  onError(error: Error): void {
    if (this.#settled) return
    if (this.#delivery === undefined) this.refuse(classifyFailure(error))
    else this.#delivery.broken(error)
  }
}
