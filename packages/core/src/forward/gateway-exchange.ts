import type { Finish, GovernanceRecord } from '@postern/protocol'
import type { Dispatcher } from 'undici'
import type { OpenList } from '../lib/open-list.js'
import { ClientGone, Refusal } from '../refusal.js'
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
  /** The exchanges under way, this one included until it has ended. */
  readonly #open: OpenList<GatewayExchange>
  place = -1
  /** Until the request left, the time was ours but for what the client took to send it. */
  readonly #ownMs: number
  readonly #askedAt = performance.now()
  #abort: ((reason?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #delivery: Delivery | undefined
  #settled = false
  /** Whether the whole of it left, and it does more than read: to read twice costs nothing. */
  #sent = false
  /** Whether the gateway ran the call, or may have: it began to answer, and no status says that it failed. */
  #mayHaveRun = false
  #isCut = false
  #stalled: NodeJS.Timeout | undefined
  /** When the last thing happened that is not Postern's own work: the gateway sent something, ended or broke off, or the client left. 0 until the gateway answers. */
  #heardAt = 0

  constructor(
    facts: ExchangeFacts,
    resolve: (outcome: Outcome) => void,
    reject: (error: unknown) => void,
    open: OpenList<GatewayExchange>,
  ) {
    this.facts = facts
    this.#resolve = resolve
    this.#reject = reject
    this.#open = open
    open.add(this)
    this.#ownMs = performance.now() - facts.arrival.startedAt - facts.permit.waitedMs
  }

  get settled(): boolean {
    return this.#settled
  }

  governance(finish: Finish | undefined): GovernanceRecord {
    const said = this.#isCut && finish === 'truncated' ? 'cut_shutdown' : finish
    return this.facts.tap.governance(said, this.#heardAt === 0 ? this.#ownMs : this.#ownMs + performance.now() - this.#heardAt)
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    this.#open.delete(this)
    const { leaked } = this.facts.tap
    const ended = leaked === undefined ? outcome : { ...outcome, leaked }
    this.#resolve(this.#isCut && ended.finish === 'truncated' ? { ...ended, finish: 'cut_shutdown' } : ended)
  }

  refuse(error: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#open.delete(this)
    this.#reject(this.#mayHaveRun && error instanceof Refusal ? error.afterRun() : error)
  }

  abort(reason: Error): void {
    this.#abort?.(reason)
  }

  /** What was waited for until now, silence of the gateway or of the client, is not overhead. */
  #endWait(): void {
    if (this.#heardAt !== 0) this.#heardAt = performance.now()
  }

  /** The client's connection is closed; unless all was said already, the gateway need not go on. */
  clientClosed(): void {
    clearTimeout(this.#stalled)
    if (this.#settled) return
    this.#endWait()
    this.settle({ finish: 'client_closed', status: this.facts.sink.headersSent ? 200 : 499, record: this.governance('client_closed') })
    this.abort(new ClientGone('The client left.'))
  }

  /** The process ends: the client gets no more than it has, and is told why as far as that can still be said. */
  cut(): void {
    if (this.#settled) return
    this.#isCut = true
    this.#endWait()
    const refusal = new Refusal('draining', {
      message: 'This process was shut down before the call had ended.',
      finish: 'cut_shutdown',
    }).afterRun()
    if (this.#delivery === undefined) this.refuse(refusal)
    else this.#delivery.broken(refusal)
    this.abort(refusal)
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    if (this.#settled) abort(new ClientGone('The client left.'))
  }

  onRequestSent(): void {
    this.#sent = !reads.has(this.facts.arrival.method)
  }

  /** The first byte of an answer came, interim ones included: the call was taken, however what follows may read. */
  onResponseStarted(): void {
    this.#mayHaveRun = true
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (status < 200) return this.#hearInterim(status)
    this.#heardAt = performance.now()
    this.#resume = resume
    this.#mayHaveRun = status < 300
    const { route, key, tap } = this.facts
    const head = readAnswerHead(status, rawHeaders, route.gateway.dialect.governance.passedHeaders, key.leaks)
    if (head.leaked !== undefined) tap.repeats(head.leaked)
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
    if (this.#delivery.ready === undefined) this.#waitForClient()
    else this.#delivery.ready(() => this.#resume?.())
    return false
  }

  /** A client that reads nothing for too long is let go, and the gateway with it. */
  #waitForClient(): void {
    const { sink, route } = this.facts
    this.#stalled = setTimeout(() => sink.destroy(), route.gateway.timeouts.unreadMs)
    sink.once('drain', () => {
      clearTimeout(this.#stalled)
      this.#resume?.()
    })
  }

  onComplete(): void {
    // Nobody hears of a client that has read an answer that has ended: the rest of it is its connection's to wait for.
    clearTimeout(this.#stalled)
    this.#endWait()
    if (!this.#settled) this.#delivery?.end()
  }

  onError(error: Error): void {
    if (this.#settled) return
    this.#endWait()
    // A body that a client no longer sends fails here before the end of its connection is told.
    if (this.facts.arrival.connection.destroyed) this.clientClosed()
    else if (this.#delivery === undefined)
      this.#refuseUnanswered(classifyFailure(error, this.#mayHaveRun ? undefined : this.facts.route.gateway.origin))
    else this.#delivery.broken(error)
  }

  /**
   * A connection that ended behind the whole request says nothing of what became of it. A gateway that is only slow is
   * left to the client, as without Postern.
   */
  #refuseUnanswered(refusal: Refusal): void {
    this.refuse(this.#sent && refusal.code !== 'gateway_timeout' ? refusal.afterRun() : refusal)
  }
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])
