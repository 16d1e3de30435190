import { ranNothing } from '@postern/gateways'
import { ClientGone, type Cut, type Cuttable, Refusal } from '@postern/ports'
import type { Finish, GovernanceRecord } from '@postern/protocol'
import type { Dispatcher } from 'undici'
import type { Listed, OpenList } from '../lib/open-list.js'
import { readAnswerHead } from './answer-head.js'
import { chooseDelivery } from './deliver/choose-delivery.js'
import { classifyFailure } from './classify-failure.js'
import { type Delivery, type Exchange, type ExchangeFacts, HeadNotWritten } from './exchange.js'
import type { Outcome } from './outcome.js'

/** A call in `forward`, which a shutdown ends at its deadline, and a revocation of its session at once. */
export interface OpenCall extends Listed, Cuttable {}

/**
 * One call of a gateway, as a handler for undici.
 *
 * A class and not a factory: every request makes one, and a factory would create a dozen closures each time. It implements
 * undici's old form of a handler, which gets the raw header bytes; the new form parses them into an object that Postern does
 * not need. See ADR 0003.
 */
export class GatewayCall implements Exchange, OpenCall, Dispatcher.DispatchHandler {
  readonly facts: ExchangeFacts
  readonly #resolve: (outcome: Outcome) => void
  readonly #reject: (error: unknown) => void
  /** The calls in flight; contains this call until it ends. */
  readonly #open: OpenList<OpenCall>
  place = -1
  /** Milliseconds spent in Postern before the request was sent, without waiting for the client, the queue or earlier attempts. */
  readonly #ownMs: number
  readonly #askedAt: number
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #delivery: Delivery | undefined
  #settled = false
  /** Whether the whole request was sent. Stays `false` for GET, HEAD and OPTIONS, which can safely be repeated. */
  #sent = false
  /**
   * Whether the gateway may have run the call: it began to answer, and no status says that nothing ran. Of its own failures (5xx) the
   * client decides, as without Postern.
   */
  #mayHaveRun = false
  /** The status of the gateway's answer; 0 until it has one. */
  #status = 0
  /** How a cut ends the call; `undefined`: it was not cut. */
  #cutAs: Finish | undefined
  #stalled: NodeJS.Timeout | undefined
  /** When the last wait ended: the gateway sent something, ended or broke off, or the client left. 0 until the gateway answers. */
  heardAt = 0

  constructor(facts: ExchangeFacts, resolve: (outcome: Outcome) => void, reject: (error: unknown) => void, open: OpenList<OpenCall>) {
    this.facts = facts
    this.#resolve = resolve
    this.#reject = reject
    this.#open = open
    open.add(this)
    this.#askedAt = performance.now()
    this.#ownMs = facts.arrival.watch.ownMs(this.#askedAt)
    facts.call?.waitsFor(this)
  }

  get settled(): boolean {
    return this.#settled
  }

  governance(finish: Finish | undefined): GovernanceRecord {
    const said = finish === 'truncated' ? (this.#cutAs ?? finish) : finish
    return this.facts.tap.governance(said, this.heardAt === 0 ? this.#ownMs : this.#ownMs + performance.now() - this.heardAt)
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return
    this.#end()
    const { leaked } = this.facts.tap
    const ended = leaked === undefined ? outcome : { ...outcome, leaked }
    this.#resolve(this.#cutAs !== undefined && ended.finish === 'truncated' ? { ...ended, finish: this.#cutAs } : ended)
  }

  refuse(error: unknown): void {
    if (this.#settled) return
    this.#end()
    this.#reject(this.#mayHaveRun && error instanceof Refusal && !this.#isDocumented(error) ? error.afterRun() : error)
  }

  /** Whether the gateway's documents say of this error that nothing ran. An answer that calls itself a success is never such an error. */
  #isDocumented({ details }: Refusal): boolean {
    return details.mayRetry === true && this.#status >= 300
  }

  #end(): void {
    this.#settled = true
    this.#open.delete(this)
    if (this.facts.tap.stream !== undefined) this.facts.witness({ type: 'stream_ended', gateway: this.facts.route.gateway.name })
  }

  beginStream(): void {
    const { tap, witness, route } = this.facts
    if (tap.stream !== undefined || this.#settled) return
    tap.beginStream()
    witness({ type: 'stream_begun', gateway: route.gateway.name })
  }

  abort(reason: Error): void {
    this.#abort?.(reason)
  }

  /** The exchange is over: what could end it holds its request, with the key in it, and the client's connection may hold this call. */
  #letGo(): void {
    this.#abort = undefined
  }

  /** Ends a wait for the gateway or the client: the time until now is not overhead. */
  #endWait(): void {
    if (this.heardAt !== 0) this.heardAt = performance.now()
  }

  /** The client's connection has closed. If the call has not ended, it ends as `client_closed`, and the gateway is aborted. */
  clientClosed(): void {
    clearTimeout(this.#stalled)
    if (this.#settled) return
    this.#endWait()
    this.settle({ finish: 'client_closed', status: this.facts.sink.headersSent ? 200 : 499, record: this.governance('client_closed') })
    this.abort(new ClientGone('The client left.'))
  }

  /** Ends the call with `cut_shutdown`, `cut_revoked` or `cut_budget`, tells the client, if its answer allows that, and leaves the gateway. */
  cut(cut: Cut): void {
    if (this.#settled) return
    const refusal = cut(true)
    this.#cutAs = refusal.details.finish
    this.#endWait()
    if (this.#delivery === undefined) this.refuse(refusal)
    else this.#delivery.broken(refusal)
    this.abort(refusal)
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    this.facts.reservation?.sent()
    if (this.#settled) abort(new ClientGone('The client left.'))
  }

  onRequestSent(): void {
    this.#sent = !reads.has(this.facts.arrival.method)
  }

  /** The first byte of an answer arrived, also of a 1xx: the gateway has accepted the call, even if the rest is unreadable. */
  onResponseStarted(): void {
    this.#mayHaveRun = true
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200) return this.#hearInterim(status)
    this.heardAt = performance.now()
    this.#resume = resume
    this.#status = status
    this.#mayHaveRun = status < 500 && !ranNothing(status)
    this.facts.reservation?.answered(status)
    const { route, key, tap } = this.facts
    const head = readAnswerHead(status, rawHeaders, route.gateway.dialect.governance.passedHeaders, key.leaks)
    if (head.leaked !== undefined) tap.repeats(head.leaked)
    tap.head(head.header)
    this.#delivery = chooseDelivery(this, head)
    return true
  }

  /** A 1xx (RFC 9110, 15.2) restarts undici's timeout, so the time since the request was sent is checked here. */
  #hearInterim(status: number): boolean {
    const { headersMs } = this.facts.route.gateway.timeouts
    if (status < 100) this.abort(new Error('The gateway answered with a status that is none.'))
    else if (performance.now() - this.#askedAt > headersMs)
      this.abort(Object.assign(new Error('The gateway did not answer in time.'), { code: 'ETIMEDOUT' }))
    return true
  }

  /** @returns `false` if the gateway must wait until the client has read (back-pressure). */
  onData(chunk: Buffer): boolean {
    const heardAt = performance.now()
    this.heardAt = heardAt
    this.facts.reservation?.came(chunk.length)
    if (this.#settled) return true
    const isOpen = this.#delivery?.chunk(chunk) !== false
    // Behind the delivery, which may find out with this piece that the answer is a stream.
    this.facts.tap.stream?.heard(heardAt)
    if (isOpen || this.#delivery === undefined) return true
    if (this.#delivery.ready === undefined) this.#waitForClient()
    else this.#delivery.ready(() => this.#resume?.())
    return false
  }

  /** Disconnects a client that reads nothing for `unreadMs`; then {@link clientClosed} aborts the gateway. */
  #waitForClient(): void {
    const { sink, route } = this.facts
    this.#stalled = setTimeout(() => sink.destroy(), route.gateway.timeouts.unreadMs)
    sink.once('drain', () => {
      clearTimeout(this.#stalled)
      this.#resume?.()
    })
  }

  onComplete(): void {
    this.#letGo()
    // An ended response emits no `drain`, so the timer would never stop. The connection itself waits for the client.
    clearTimeout(this.#stalled)
    this.#endWait()
    if (!this.#settled) this.#delivery?.end()
  }

  onError(error: Error): void {
    this.#letGo()
    if (this.#settled) return
    this.#endWait()
    // If the client breaks off its body, undici fails here before the `close` event of the connection.
    if (this.facts.arrival.connection.destroyed) this.clientClosed()
    else if (error instanceof HeadNotWritten) this.refuse(new Refusal('internal_error', { cause: error.cause, mayHaveRun: true }))
    else if (this.#delivery === undefined)
      this.#refuseUnanswered(classifyFailure(error, this.#mayHaveRun ? undefined : this.facts.route.gateway.origin))
    else this.#delivery.broken(error)
  }

  /**
   * If the connection ended after the whole request was sent, the gateway may have run the call. After a timeout the client
   * decides about a retry, as without Postern.
   */
  #refuseUnanswered(refusal: Refusal): void {
    this.refuse(this.#sent && refusal.code !== 'gateway_timeout' ? refusal.afterRun() : refusal)
  }
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])
