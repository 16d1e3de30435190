import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Question, Vitals } from './vitals.js'

const watch = new URL('./watch.js', import.meta.url).href
const running = new Set<ChildProcess>()

/** How long a process may take to be ready, and to say how it is, in milliseconds. */
const patienceMs = 30_000
const keptErrors = 20_000

export interface SubjectOptions {
  readonly script: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** A process under test, watched from inside. */
export class Subject {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #printed = ''
  #errors = ''
  #hasEnded = false
  #isStopping = false

  private constructor({ script, args, env, cwd }: SubjectOptions) {
    this.#child = spawn(process.execPath, ['--expose-gc', '--import', watch, script, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    running.add(this.#child)
    this.#child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      this.#printed += text
    })
    this.#child.stderr?.setEncoding('latin1').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(0, keptErrors)
      this.#printed += text
    })
    this.#child.on('error', () => {})
    this.#ended = this.#watch()
  }

  async #watch(): Promise<void> {
    await once(this.#child, 'close')
    this.#hasEnded = true
    running.delete(this.#child)
  }

  /** @returns The process, and what its first line that fits the pattern says. */
  static async start(options: SubjectOptions, ready: RegExp): Promise<{ readonly subject: Subject; readonly said: string }> {
    const subject = new Subject(options)
    const until = performance.now() + patienceMs
    for (;;) {
      const said = ready.exec(subject.#printed)?.[1]
      if (said !== undefined) return { subject, said }
      if (subject.#hasEnded || performance.now() > until) throw new Error(`A process under test did not start.\n${subject.#printed}`)
      await sleep(10)
    }
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Everything that it printed since this was asked last. */
  takePrinted(): string {
    const printed = this.#printed
    this.#printed = ''
    return printed
  }

  /** Waits for a text among what it prints. */
  async prints(text: string, mostMs: number): Promise<void> {
    const until = performance.now() + mostMs
    while (!this.#printed.includes(text) && !this.#hasEnded && performance.now() < until) await sleep(2)
  }

  /** @returns `undefined` where it has ended, or does not say. */
  async ask(collect = false): Promise<Vitals | undefined> {
    const question: Question = { collect }
    let hear: (vitals: unknown) => void = () => {}
    const answer = new Promise<Vitals>((resolve) => {
      hear = (vitals) => resolve(vitals as Vitals)
      this.#child.on('message', hear)
    })
    if (this.#child.connected) this.#child.send(question, () => {})
    const late = new AbortController()
    const silence = sleep(patienceMs, undefined, { ref: false, signal: late.signal }).catch(() => undefined)
    const vitals = await Promise.race([answer, silence, this.#ended.then(() => undefined)])
    late.abort()
    this.#child.off('message', hear)
    return vitals
  }

  /** Has a process do what only it knows. */
  async tell(message: object): Promise<void> {
    const done = once(this.#child, 'message')
    this.#child.send(message)
    await Promise.race([done, this.#ended])
  }

  /** The error that ended it: its name, its message and where in our code it was thrown. */
  describeEnd(): string {
    const { exitCode, signalCode } = this.#child
    const error = /^(?:Uncaught )?(\w*Error\b[^\n]*)/m.exec(this.#errors)?.[1]
    const place = /at [^\n]*?\/((?:packages|sidecar)\/[\w/.-]+\.js)/.exec(this.#errors)?.[1]
    const said = error ?? this.#errors.trim().split('\n').at(-1) ?? ''
    return `the process ended (${signalCode ?? exitCode})${said === '' ? '' : `: ${said.slice(0, 160)}`}${place === undefined ? '' : ` in ${place}`}`
  }

  get errors(): string {
    return this.#errors
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

/** The path of a script of this folder. */
export function scriptOf(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url))
}

// However this process ends, nothing it has started is left behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
