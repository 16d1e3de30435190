import type { ChildProcess, StdioOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type NodeLine, ownLine } from './node-line.js'

/** How long a process may take to end by itself before it is killed, in milliseconds. */
const GRACE = 2000
/** How much of a process's stderr is kept, in characters. */
const KEPT_STDERR = 2000

const running = new Set<Child>()

export interface ChildOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Whether stdout carries JSON lines for us; otherwise it is thrown away. */
  readonly speaks: boolean
  /** The program. Default: the Node that runs the benchmark. */
  readonly command?: string
}

/** A process of the benchmark. */
export class Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string> | undefined
  /** Resolves when the process is gone and its pipes are closed. */
  readonly ended: Promise<void>
  #stderr = ''
  #hasEnded = false

  private constructor(name: string, words: readonly string[], options: ChildOptions) {
    const stdio: StdioOptions = options.speaks ? ['pipe', 'pipe', 'pipe'] : ['ignore', 'ignore', 'pipe']
    const env = { ...process.env, NODE_ENV: 'production', ...options.env }
    this.name = name
    this.#process = spawn(options.command ?? process.execPath, [...words], { cwd: options.cwd, env, stdio })
    this.ended = this.#watch()
    this.#process.stdin?.on('error', () => undefined)
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-KEPT_STDERR)
    })
    if (this.#process.stdout !== null) {
      this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
    }
    running.add(this)
  }

  async #watch(): Promise<void> {
    await once(this.#process, 'close')
    running.delete(this)
    this.#hasEnded = true
  }

  /** Starts any program. */
  static start(name: string, words: readonly string[], options: ChildOptions): Child {
    return new Child(name, words, options)
  }

  /** Starts one of the benchmark's own scripts, which stands beside this file; by default under the Node that runs the benchmark. */
  static own(name: string, args: readonly string[] = [], { command }: NodeLine = ownLine): Child {
    return new Child(name, [fileURLToPath(new URL(`./${name}.js`, import.meta.url)), ...args], { speaks: true, command })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The end of what the process wrote to stderr. */
  get stderr(): string {
    return this.#stderr
  }

  /** Writes a line of JSON to stdin. */
  tell(message: object): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  /** The next line of stdout, as JSON. */
  async line<T>(): Promise<T> {
    const next = await this.#lines?.next()
    if (next === undefined || next.done === true) {
      await this.ended
      throw new Error(this.complaint('ended early'))
    }
    return JSON.parse(next.value) as T
  }

  /** What went wrong, with the end of what the process wrote to stderr. */
  complaint(what: string): string {
    return `${this.name}: ${what}${this.#stderr === '' ? '' : `\n${this.#stderr.trimEnd()}`}`
  }

  /** Ends the process, by force if it does not end by itself. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return
    this.#process.kill('SIGTERM')
    const force = setTimeout(() => this.kill(), GRACE)
    await this.ended
    clearTimeout(force)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}

/** Ends every process that was started and still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()))
}

// However this process ends, nothing it has started is left behind.
process.on('exit', () => {
  for (const child of running) child.kill()
})
