import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** The file of the command `postern`. */
export const bin = resolve(import.meta.dirname, '../../sidecar/bin/postern.js')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running `postern` process. */
export interface RunningPostern {
  readonly child: ChildProcess
  /** What it has printed so far. */
  stdout(): string
  stderr(): string
  /** Waits until stdout matches, and returns the match. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  finished: Promise<Finished>
  /** Begins a process that was told to wait. */
  begin(): void
}

/** Sockets that listen already, which the process gets as systemd passes them: the first one as descriptor 3. */
export interface PassedToIt {
  readonly descriptors: readonly number[]
  /** `LISTEN_FDNAMES`. Default: not set. */
  readonly names?: string
  /** `LISTEN_PID`. Default: the process itself. */
  readonly pid?: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** How many file descriptors it gets. Default: as many as the system allows. */
  readonly openFiles?: number
  /** How large a file it may write, in blocks of 512 or 1024 bytes, as the shell counts: then it is as on a full disk. */
  readonly fileBlocks?: number
  readonly passed?: PassedToIt
  /** Options of Node itself that `NODE_OPTIONS` does not take. Default: none. */
  readonly nodeOptions?: readonly string[]
  /** Whether the process begins only when `begin` is called. It holds what is passed to it before. */
  readonly waits?: boolean
  /** Whether its standard input is open, as at a terminal: `child.stdin` writes into it. Default: it has none. */
  readonly hasInput?: boolean
}

/** Runs the real command. Of this process's environment it gets only `PATH`. */
export function startPostern(args: readonly string[], options: RunOptions = {}): RunningPostern {
  const { cwd, env, openFiles, fileBlocks, passed, nodeOptions = [], waits = false, hasInput = false } = options
  const command = [process.execPath, ...nodeOptions, bin, ...args]
  const before = [
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    ...(fileBlocks === undefined ? [] : [`ulimit -f ${fileBlocks}`]),
    // The shell becomes the process, which keeps the shell's id.
    ...(passed === undefined ? [] : [`export LISTEN_PID=${passed.pid ?? '$$'}`]),
    ...(waits ? ['read begin'] : []),
  ]
  const whole = before.length === 0 ? command : ['/bin/sh', '-c', `${before.join('; ')}; exec "$@"`, 'sh', ...command]
  const child = spawn(whole[0] as string, whole.slice(1), {
    cwd,
    env: { PATH: process.env['PATH'], ...variablesOf(passed), ...env },
    stdio: [waits || hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(passed?.descriptors ?? [])],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    for (const listener of listeners) listener()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const finished = new Promise<Finished>((done) => {
    child.on('close', (code) => done({ code, stdout, stderr }))
  })
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    finished,
    begin: () => child.stdin?.end('begin\n'),
    prints(pattern) {
      return new Promise((found, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout)
          if (match === null) return
          listeners.delete(look)
          found(match)
        }
        listeners.add(look)
        look()
        void finished.then(({ code }) =>
          reject(new Error(`postern ended with ${code} before it printed ${pattern}.\n${stdout}\n${stderr}`)),
        )
      })
    },
  }
}

function variablesOf(passed: PassedToIt | undefined): Readonly<Record<string, string>> {
  if (passed === undefined) return {}
  const { descriptors, names } = passed
  return { LISTEN_FDS: String(descriptors.length), ...(names === undefined ? {} : { LISTEN_FDNAMES: names }) }
}

export function runPostern(args: readonly string[], options?: RunOptions): Promise<Finished> {
  return startPostern(args, options).finished
}
