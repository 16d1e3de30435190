import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'

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
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** How many file descriptors it gets. Default: as many as the system allows. */
  readonly openFiles?: number
  /** How large a file it may write, in blocks of 512 or 1024 bytes, as the shell counts: then it is as on a full disk. */
  readonly fileBlocks?: number
}

/** Runs the real command. Of this process's environment it gets only `PATH`. */
export function startPostern(args: readonly string[], { cwd, env, openFiles, fileBlocks }: RunOptions = {}): RunningPostern {
  const command = [process.execPath, bin, ...args]
  const limits = [
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    ...(fileBlocks === undefined ? [] : [`ulimit -f ${fileBlocks}`]),
  ]
  const limited = limits.length === 0 ? command : ['/bin/sh', '-c', `${limits.join('; ')}; exec "$@"`, 'sh', ...command]
  const child = spawn(limited[0] as string, limited.slice(1), {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
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

export function runPostern(args: readonly string[], options?: RunOptions): Promise<Finished> {
  return startPostern(args, options).finished
}
