import { type CountsOf, type CountsState, type HeldCall, type LedgerCounts, type Log, type Recovery, StoreLost } from '@postern/ports'

/** How often the counts are looked at, in milliseconds; and while they cannot be used. */
const lookMs = 1000
const lookSoonMs = 250

/** How long after a loss every process that lives has spoken, in milliseconds. */
const gatherMs = 2500

/** How often the ledger is told how far the store has come, in milliseconds. */
const reachedMs = 5000

/** What a process does for its counts to be built anew. */
export interface CountHolder {
  /** Its calls that have something set aside. */
  held(): readonly HeldCall[]
  /** Resolves once nothing that was sent to the store waits for its answer, and the ledger has every call that was booked. */
  quiet(): Promise<void>
  /** Brings the calls that nobody has put back into the ledger; resolves once it has them. */
  takeNotes(): Promise<void>
}

/**
 * Sees to it that counts go on only if the store has what it acknowledged. Otherwise nothing is counted until each process has put its calls
 * back and one of them has built the counts anew from the ledger. Where no ledger is shared, the store goes on with the counts that it has.
 */
export class CountKeeper {
  readonly #recovery: Recovery | undefined
  readonly #ledger: LedgerCounts | undefined
  readonly #holder: CountHolder
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  /** While nothing is counted. */
  #shut: { readonly opened: Promise<void>; readonly open: () => void } | undefined
  #isClosed = false
  #isRunning = false
  /** Why the store could not be looked at the last time. */
  #failure: unknown
  /** Whether the ledger was compared with the store. */
  #isCompared = false
  #loss: string | undefined
  #isQuiet = false
  #isLogged = false
  #joined: string | undefined
  #reachedAt = -Infinity
  /** How many commands wait for their answer. */
  #asking = 0
  #answered: (() => void)[] = []

  /** @param recovery `undefined`: the store loses nothing that it acknowledged. */
  constructor(recovery: Recovery | undefined, ledger: LedgerCounts | undefined, holder: CountHolder, log: Log) {
    this.#recovery = recovery
    this.#ledger = ledger
    this.#holder = holder
    this.#log = log
    if (recovery === undefined) return
    this.#close()
    void this.#run(recovery)
  }

  /** Whether the store may lose what it acknowledged. */
  get isNeeded(): boolean {
    return this.#recovery !== undefined
  }

  /**
   * Asks the store for something that it counts.
   *
   * @throws {StoreLost} if nothing is counted.
   */
  reserve<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    return this.#recovery === undefined ? ask() : this.#reserve(ask)
  }

  async #reserve<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    // At the start it is not known for a moment; after a loss calls are refused.
    if (this.#shut !== undefined && this.#loss === undefined && this.#failure === undefined) await this.#atMost(this.#shut.opened)
    if (this.#shut !== undefined) throw this.#failure ?? new StoreLost(whileShut)
    return this.#ask(ask)
  }

  /** As {@link reserve}, but waits until there are counts again. @throws {StoreLost} once the keeper is closed. */
  settle<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    return this.#recovery === undefined ? ask() : this.#settle(ask)
  }

  async #settle<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      while (this.#shut !== undefined) {
        if (this.#isClosed) throw new StoreLost(whileShut)
        await this.#shut.opened
      }
      try {
        return await this.#ask(ask)
      } catch (error) {
        if (!(error instanceof StoreLost) || this.#isClosed) throw error
      }
    }
  }

  async #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#asking += 1
    try {
      return await ask()
    } catch (error) {
      this.hear(error)
      throw error
    } finally {
      this.#asking -= 1
      if (this.#asking === 0) for (const answered of this.#answered.splice(0)) answered()
    }
  }

  /** Heeds an error of the store. */
  hear(error: unknown): void {
    if (this.#recovery === undefined || !(error instanceof StoreLost) || this.#shut !== undefined) return
    this.#close()
    this.#loss ??= ''
    this.#again(0)
  }

  /** Resolves once nothing that was asked waits for its answer, and whoever got one has gone on. */
  async answered(): Promise<void> {
    while (this.#asking > 0) await new Promise<void>((answered) => this.#answered.push(answered))
    await new Promise((gone) => setImmediate(gone))
  }

  #close(): void {
    if (this.#shut !== undefined) return
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    this.#shut = { opened, open }
    this.#isQuiet = false
  }

  #open(): void {
    if (this.#isLogged) this.#log('warn', 'counts are used again', { from: this.#ledger === undefined ? 'the store' : 'the ledger' })
    this.#isLogged = false
    this.#loss = undefined
    this.#shut?.open()
    this.#shut = undefined
  }

  async #atMost(opened: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, gatherMs)))
    await Promise.race([opened, late])
    clearTimeout(timer)
  }

  #again(afterMs: number): void {
    if (this.#isClosed || this.#recovery === undefined) return
    const recovery = this.#recovery
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#run(recovery), afterMs).unref()
  }

  async #run(recovery: Recovery): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    let nextMs = lookSoonMs
    try {
      const state = await recovery.look()
      this.#failure = undefined
      if (await this.#step(recovery, state)) nextMs = lookMs
    } catch (error) {
      // The store or the ledger is away. What is asked meanwhile is refused or, if it is shut, waits.
      this.#failure = error
    } finally {
      this.#isRunning = false
      this.#again(nextMs)
    }
  }

  /** @returns Whether there are counts. */
  async #step(recovery: Recovery, state: CountsState): Promise<boolean> {
    if (state.lost !== undefined) {
      await this.#recover(recovery, state.lost)
      return false
    }
    if (state.isBehind) {
      this.#close()
      await this.#holder.quiet()
      await recovery.adopt(this.#holder.held())
      this.#open()
      return false
    }
    if (!this.#isCompared && !(await this.#compare(recovery, state))) return false
    this.#open()
    await this.#tellReached(state)
    return true
  }

  /** @returns Whether the store may be relied on, as far as it is known. */
  async #compare(recovery: Recovery, state: CountsState): Promise<boolean> {
    const ledger = this.#ledger
    if (ledger !== undefined) {
      let known: CountsOf | undefined
      try {
        known = await ledger.generation()
      } catch {
        // Only a store without counts may be one that lost them.
        if (!state.isNew) this.#open()
        return false
      }
      if (known === undefined) await this.#copy(recovery, ledger, state)
      else if (known.generation !== state.generation || known.serial > (await recovery.look()).serial) {
        await recovery.declare()
        return false
      }
    }
    if (state.isNew) await recovery.confirm()
    this.#isCompared = true
    return true
  }

  /** What was counted before the ledger had counts. */
  async #copy(recovery: Recovery, ledger: LedgerCounts, state: CountsState): Promise<void> {
    let mark: string | undefined
    do {
      const page = await recovery.counts(mark)
      if (page.counts.length > 0) await ledger.add(page.counts)
      mark = page.mark
    } while (mark !== undefined)
    await ledger.begin(state)
  }

  async #recover(recovery: Recovery, lost: NonNullable<CountsState['lost']>): Promise<void> {
    const { name, ageMs, missing } = lost
    this.#close()
    if (this.#loss !== name) {
      this.#loss = name
      this.#isQuiet = false
      void this.#holder.quiet().then(() => (this.#isQuiet = this.#loss === name))
    }
    if (!this.#isLogged)
      this.#log('error', 'the store has lost what it acknowledged', {
        until: this.#ledger === undefined ? 'calls under way are counted again' : 'its counts are built anew from the ledger',
      })
    this.#isLogged = true
    if (this.#joined !== name) {
      if (!this.#isQuiet) return
      if (await recovery.join(name, this.#holder.held())) this.#joined = name
      return
    }
    if (ageMs >= gatherMs && missing === 0 && (await recovery.lead(name))) await this.#build(recovery, name)
  }

  async #build(recovery: Recovery, name: string): Promise<void> {
    const generation = await recovery.next()
    const ledger = this.#ledger
    if (ledger !== undefined) {
      await recovery.release(name)
      await this.#holder.takeNotes()
      await recovery.clear(name)
      for (let page = await ledger.page(undefined); page.length > 0; page = await ledger.page(page.at(-1)?.window))
        await recovery.write(name, page)
      await ledger.begin({ generation, serial: 0 })
    }
    await recovery.finish(name, generation)
    this.#isCompared = true
  }

  async #tellReached(state: CountsState): Promise<void> {
    if (this.#ledger === undefined || performance.now() - this.#reachedAt < reachedMs) return
    this.#reachedAt = performance.now()
    await this.#ledger.reached(state)
  }

  /** Stops: whoever waits for counts is refused. */
  async close(): Promise<void> {
    if (this.#isClosed || this.#recovery === undefined) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#shut?.open()
    try {
      if (this.#shut === undefined) await this.#ledger?.reached(await this.#recovery.look())
      await this.#recovery.leave()
    } catch {
      // The next process is told of what was reached before.
    }
  }
}

const whileShut = 'The counts of the store are built anew.'
