import type { Duplex } from 'node:stream'
import { StoreNotAsked } from '@postern/ports'
import { openFrames } from './frames.js'
import { errorOf, tellError, type ToldError } from './told-error.js'

/** How often it is looked which questions have waited too long, in milliseconds. */
const lookMs = 100

/** The most questions that wait for their answers. */
const mostOpen = 100_000

/** Gives the answer to a question of the other process. What it throws is told there: its kind and its message. */
export type GiveAnswer = (...args: never[]) => unknown

/** Two processes that ask each other. */
export interface Link {
  /**
   * Asks the other process.
   *
   * @param what The name of the question, as the other process gave it to `answer`.
   * @param args What can be cloned: no functions.
   * @param atMostMs How long the answer may take, in milliseconds; a little longer where this process is held up itself.
   * @throws {StoreNotAsked} by rejecting, if nothing was sent: the link is closed, or too many questions wait.
   * @throws {Error} by rejecting, if no answer came in time, or the link closed before it; or the error of the other process.
   */
  ask(what: string, args: readonly unknown[], atMostMs: number): Promise<unknown>
  /** Says who answers a question from now on. */
  answer(what: string, give: GiveAnswer): void
  /** Resolves once no message comes any more. */
  readonly closed: Promise<void>
  /** Closes the link, once what was said is sent. */
  close(): void
}

type Question = readonly [kind: 'ask', id: number, what: string, args: readonly unknown[]]
type Answer = readonly [kind: 'answer', id: number, value: unknown, error?: ToldError]

interface Open {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly until: number
  isLate: boolean
}

/** Opens a link over a stream that leads to another process of ours. */
export function openLink(stream: Duplex): Link {
  const open = new Map<number, Open>()
  const answers = new Map<string, GiveAnswer>()
  let lastId = 0
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  const frames = openFrames(stream, (message) => {
    const [kind, ...rest] = message as Question | Answer
    if (kind === 'ask') void reply(...(rest as [number, string, readonly never[]]))
    else settle(...(rest as [number, unknown, ToldError?]))
  })

  async function reply(id: number, what: string, args: readonly never[]): Promise<void> {
    try {
      const give = answers.get(what)
      if (give === undefined) throw new Error(`Nobody here answers "${what}".`)
      const value: unknown = await give(...args)
      frames.send(['answer', id, value] satisfies Answer)
    } catch (error) {
      frames.send(['answer', id, undefined, tellError(error)] satisfies Answer)
    }
  }

  function settle(id: number, value: unknown, error?: ToldError): void {
    const asked = open.get(id)
    if (asked === undefined) return
    forget(id)
    if (error === undefined) asked.resolve(value)
    else asked.reject(errorOf(error))
  }

  function forget(id: number): void {
    open.delete(id)
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  /** A question is given up at the second look after its time: its answer may wait to be read, where this process was held up. */
  function look(): void {
    const now = performance.now()
    for (const [id, asked] of open) {
      if (asked.until > now) continue
      if (!asked.isLate) {
        asked.isLate = true
        continue
      }
      forget(id)
      asked.reject(new Error('The other process did not answer in time.'))
    }
  }

  function end(): void {
    isClosed = true
    for (const [id, asked] of open) {
      forget(id)
      asked.reject(new Error('The other process ended before it answered.'))
    }
  }

  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve)
    stream.once('end', resolve)
  })
  void closed.then(end)
  // What ends the stream closes it.
  stream.on('error', () => {})

  return {
    closed,
    ask(what, args, atMostMs) {
      if (isClosed) return Promise.reject(new StoreNotAsked('The other process has ended.'))
      if (open.size >= mostOpen) return Promise.reject(new StoreNotAsked('Too many questions wait for the other process.'))
      const id = (lastId += 1)
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject, until: performance.now() + atMostMs, isLate: false })
        timer ??= setInterval(look, lookMs).unref()
        frames.send(['ask', id, what, args] satisfies Question)
      })
    },
    answer: (what, give) => void answers.set(what, give),
    close() {
      frames.flush()
      stream.end()
    },
  }
}
