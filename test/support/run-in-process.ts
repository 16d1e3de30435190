import { Console } from 'node:console'
import { Readable } from 'node:stream'
import { vi } from 'vitest'
import { main } from '../../sidecar/src/main.js'
import { bin, type Finished, type RunOptions } from './run-postern.js'

/** The end of the command that was called last. Folder, variables and output belong to the whole process, so commands take turns. */
let turn: Promise<unknown> = Promise.resolve()

/**
 * Runs a command that ends by itself in this process: starting a process for each takes half a second of a core. It finds what
 * `runPostern` would give it: its folder, of the environment only `PATH` and `env`, and nothing on stdin. Not for what the process itself
 * does: how it starts and ends, signals, certificates that Node reads at its start, or two commands at the same time.
 */
export function runInProcess(args: readonly string[], options?: InProcessOptions): Promise<Finished> {
  return runMainInProcess(main, args, options)
}

export type InProcessOptions = Pick<RunOptions, 'cwd' | 'env'>

/** Runs the main function of another command as `runInProcess` runs that of `postern`. */
export function runMainInProcess(command: typeof main, args: readonly string[], options: InProcessOptions = {}): Promise<Finished> {
  const finished = turn.then(() => runNow(command, args, options))
  turn = finished.catch(() => {})
  return finished
}

async function runNow(command: typeof main, args: readonly string[], { cwd, env }: InProcessOptions): Promise<Finished> {
  const before = { cwd: process.cwd(), env: { ...process.env }, argv: process.argv, exitCode: process.exitCode, console }
  const said = { stdout: '', stderr: '' }
  const spies = [
    ...(['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((piece: string | Uint8Array, ...further: unknown[]) => {
        said[stream] += typeof piece === 'string' ? piece : Buffer.from(piece).toString()
        const written = further.at(-1)
        if (typeof written === 'function') process.nextTick(written)
        return true
      }),
    ),
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([]) as typeof process.stdin),
  ]
  // The console of the test runner writes elsewhere; Node prints its warnings there too.
  globalThis.console = new Console(process.stdout, process.stderr)
  try {
    if (cwd !== undefined) process.chdir(cwd)
    replaceEnvironment({ PATH: before.env['PATH'], ...env })
    process.argv = [process.execPath, bin, ...args]
    const code = await command(args)
    // A warning is told a moment after it is given.
    await new Promise(setImmediate)
    return { code, ...said }
  } finally {
    globalThis.console = before.console
    for (const spy of spies) spy.mockRestore()
    process.argv = before.argv
    process.exitCode = before.exitCode
    replaceEnvironment(before.env)
    process.chdir(before.cwd)
  }
}

/** Changes the variables in their place: a copy would not reach what looks at the environment without `process.env`, such as time zones. */
function replaceEnvironment(variables: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name]
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value
}
