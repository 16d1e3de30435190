import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Vitals } from './vitals.js'

const watch = new URL('./watch.js', import.meta.url).href

/** The file of the command `postern`. */
const bin = fileURLToPath(new URL('../../../../sidecar/bin/postern.js', import.meta.url))

/** How much of what the process prints is kept, in characters. */
const keptChars = 200_000

/** The Postern under test, watched from inside. */
export class Subject {
  readonly #child: ChildProcess
  #printed = ''
  /** Lines of the log so far, by their message. */
  readonly #messages = new Map<string, number>()

  constructor(folder: string) {
    this.#child = spawn(process.execPath, ['--import', watch, bin, 'start', '--config', 'postern.json'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    process.on('exit', () => this.#child.kill('SIGKILL'))
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('latin1').on('data', (text: string) => this.#take(text))
  }

  #take(text: string): void {
    this.#printed = (this.#printed + text).slice(-keptChars)
    for (const [, message = ''] of text.matchAll(/"msg":"(\w+)"/g)) this.#messages.set(message, this.count(message) + 1)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The last of what it printed. */
  get printed(): string {
    return this.#printed
  }

  /** How many lines of its log had this message. */
  count(message: string): number {
    return this.#messages.get(message) ?? 0
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** @throws {Error} if the process is gone. */
  async vitals(): Promise<Vitals> {
    if (this.hasEnded || !this.#child.connected) throw new Error(`Postern ended.\n${this.#printed.slice(-2000)}`)
    this.#child.send('vitals')
    const [vitals] = (await once(this.#child, 'message', { signal: AbortSignal.timeout(30_000) })) as [Vitals]
    return vitals
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(force)
  }
}

/** Runs a command of `postern` to its end. @throws {Error} if it fails. */
export async function runCommand(folder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const child = spawn(process.execPath, [bin, ...words, '--config', 'postern.json'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`"postern ${words.join(' ')}" ended with ${code}: ${errors.trim()}`)
}
