import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** An example that was started as its README says. */
export interface RunningExample {
  /** Waits until it has printed something, and gives the match. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** Ctrl-C, as a terminal sends it: to everything that the command started. Gives all that was printed. */
  interrupt(): Promise<string>
  /** Waits for its own end; gives all that was printed. */
  finished: Promise<string>
  child: ChildProcess
}

/** The command that a README gives, without what it says of it. */
export function readmeCommand(example: string): string {
  const readme = readFileSync(join(root, 'examples', example, 'README.md'), 'utf8')
  const command = /```sh\n[^`]*?^(cd [^\n#]*?npm start)/m.exec(readme)?.[1]
  if (command === undefined) throw new Error(`The README of ${example} has no command.`)
  return command
}

export function runExample(example: string, words: readonly string[] = []): RunningExample {
  const { PATH, HOME } = process.env
  // A group of its own, which stands for what a terminal would interrupt.
  const child = spawn(
    'sh',
    ['-c', `${readmeCommand(example)}${words.length === 0 ? '' : ` -- ${words.map((word) => `'${word}'`).join(' ')}`}`],
    {
      cwd: root,
      detached: true,
      env: { PATH, HOME, npm_config_update_notifier: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let printed = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      for (const listener of listeners) listener()
    })
  const finished = new Promise<string>((done) => {
    child.on('close', () => done(printed))
  })
  return {
    child,
    finished,
    prints(pattern) {
      return new Promise((found, reject) => {
        const look = (): void => {
          const match = pattern.exec(printed)
          if (match === null) return
          listeners.delete(look)
          found(match)
        }
        listeners.add(look)
        look()
        void finished.then(() => reject(new Error(`${example} ended before it printed ${pattern}.\n${printed}`)))
      })
    },
    interrupt() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGINT')
      return finished
    },
  }
}
