import type { Log } from '@postern/ports'
import type { Link, ServedStore } from '@postern/stores/channel'
import { Failure } from '../failure.js'
import type { ReadinessState } from '../readiness/readiness.js'
import type { PassedSockets } from '../restart/passed-sockets.js'
import type { Snapshot } from '../telemetry/snapshot.js'
import { forkWorker, type WorkerEnding, type WorkerProcess } from './fork-worker.js'
import type { PackedConfig } from './packed-config.js'
import { answerOver, type PrimaryQuestions, type WorkerQuestions } from './questions.js'
import { pauseAfter } from './pause.js'

/** What every worker gets. */
export interface WorkerSupplies {
  /** The configuration in use. */
  readonly config: () => PackedConfig
  readonly sockets: PassedSockets
  /** Serves the store to a worker that reaches it through this process; `undefined`: workers open their own. */
  readonly serveStore: ((link: Link) => ServedStore) | undefined
  readonly answers: PrimaryQuestions
  readonly log: Log
  /** Gets what a worker that ended had counted when it was last asked. */
  readonly keepCounts: (counted: Snapshot) => void
}

/** How long a worker may take until it serves, in milliseconds. */
const beginMs = 60_000

/** How long a worker that has nothing more to do may take to end, in milliseconds. */
const exitMs = 2000

/** The place of one worker. Where the worker ends by itself, another one is begun in its place. */
export class WorkerSlot {
  readonly #supplies: WorkerSupplies
  #worker: WorkerProcess | undefined
  #servesSince: number | undefined
  #failures = 0
  #isStopping = false
  #counted: Snapshot | undefined
  #next: NodeJS.Timeout | undefined
  /** What its worker last said of itself. A busy worker may take too long for a probe. */
  lastState: ReadinessState = { status: 'ready', impaired: [] }
  /** Since when no worker serves here; ISO 8601. */
  downSince: string | undefined = new Date().toISOString()

  constructor(supplies: WorkerSupplies) {
    this.#supplies = supplies
  }

  /** What its worker had counted when it was last asked. */
  get counted(): Snapshot | undefined {
    return this.#counted
  }

  get serves(): boolean {
    return this.#servesSince !== undefined
  }

  /**
   * Begins a worker.
   *
   * @returns The address of the data listener.
   * @throws {Failure} by rejecting, if it does not come to serve; then it is ended.
   */
  async begin(): Promise<string> {
    const { config, sockets, answers } = this.#supplies
    const worker = forkWorker()
    this.#worker = worker
    const served = this.#supplies.serveStore?.(worker.link)
    answerOver(worker.link, answers)
    void worker.ended.then((ending) => this.#gone(worker, served, ending))
    try {
      const url = await worker.ask('begin', [{ config: config(), sockets }], beginMs)
      this.#servesSince = performance.now()
      this.downSince = undefined
      this.lastState = { status: 'ready', impaired: [] }
      return url
    } catch (error) {
      worker.kill()
      throw new Failure((error as Error).message)
    }
  }

  async #gone({ pid }: WorkerProcess, served: ServedStore | undefined, { code, signal }: WorkerEnding): Promise<void> {
    const livedMs = this.#servesSince === undefined ? 0 : performance.now() - this.#servesSince
    this.#worker = undefined
    this.#servesSince = undefined
    this.downSince ??= new Date().toISOString()
    if (this.#counted !== undefined) this.#supplies.keepCounts(this.#counted)
    this.#counted = undefined
    const calls = (await served?.abandon().catch(() => undefined)) ?? 0
    if (this.#isStopping) return
    const { failures, pauseMs } = pauseAfter(this.#failures, livedMs)
    this.#failures = failures
    this.#supplies.log('error', 'worker_ended', { worker: pid, code, signal, calls, next_in_ms: pauseMs })
    this.#next = setTimeout(() => void this.#beginAgain(), pauseMs)
  }

  async #beginAgain(): Promise<void> {
    try {
      await this.begin()
      this.#supplies.log('info', 'worker_serves', { worker: this.#worker?.pid })
    } catch (error) {
      // It is ended, and another one follows.
      this.#supplies.log('error', 'worker_failed', { cause: (error as Error).message })
    }
  }

  /** Asks the worker. `undefined`: none serves here, or it did not answer in time. */
  async ask<Name extends keyof WorkerQuestions>(
    name: Name,
    args: Parameters<WorkerQuestions[Name]>,
    atMostMs: number,
  ): Promise<Awaited<ReturnType<WorkerQuestions[Name]>> | undefined> {
    if (!this.serves) return undefined
    return (this.#worker?.ask(name, args as never, atMostMs) as Promise<never> | undefined)?.catch(() => undefined)
  }

  async count(atMostMs: number): Promise<void> {
    const worker = this.#worker
    const counted = await this.ask('counted', [], atMostMs)
    if (counted !== undefined && this.#worker === worker) this.#counted = counted
  }

  /** Has the worker take another configuration, also if it only begins; one that cannot is ended, and the next one begins with it. */
  async take(config: PackedConfig, atMostMs: number): Promise<void> {
    const worker = this.#worker
    try {
      await worker?.ask('take', [config], atMostMs)
    } catch (error) {
      if (this.#worker !== worker) return
      this.#supplies.log('error', 'worker_left_behind', { worker: worker?.pid, cause: (error as Error).message })
      worker?.kill()
    }
  }

  /** From now on no other worker follows. One that does not serve yet is ended. */
  async leave(takenMs: number, atMostMs: number): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#next)
    if (this.serves) await this.ask('leave', [takenMs], atMostMs)
    else this.#worker?.kill()
  }

  /** @returns Whether all calls ended before the deadline. */
  async end(deadlineMs: number, atMostMs: number): Promise<boolean> {
    this.#isStopping = true
    clearTimeout(this.#next)
    const worker = this.#worker
    if (worker === undefined) return true
    const inTime = await this.ask('end', [deadlineMs], atMostMs)
    worker.link.close()
    const late = setTimeout(() => worker.kill(), exitMs)
    await worker.ended
    clearTimeout(late)
    return inTime ?? false
  }
}
