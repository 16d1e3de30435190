import { type ChildProcess, spawn } from 'node:child_process'
import { readSourced, type SecretSource, SourceFailure } from './secret-source.js'
import type { Secret } from '@postern/ports'

/** The most that a program may print, in bytes. */
const maxOutputBytes = 64 * 1024

/**
 * A program that prints a secret. It is run without a shell, in a process group of its own, in the folder `/`, with the named variables
 * and no others. It gets no input, and what it writes to stderr is read by nobody. At its end, or at its deadline, its whole group ends.
 *
 * @param command The whole path of the program, and its arguments.
 */
export function createExecSource(command: readonly string[], variables: ReadonlyMap<string, Secret>): SecretSource {
  const [program, ...args] = command as [string, ...string[]]
  return {
    kind: 'exec',
    async read(signal) {
      const env = Object.fromEntries([...variables].map(([name, value]) => [name, value.reveal()]))
      const child = spawn(program, args, { env, cwd: '/', shell: false, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
      const end = (): void => {
        endGroup(child)
        // A program of another group that still holds the pipe would keep it open for ever.
        child.stdout.destroy()
      }
      signal.addEventListener('abort', end)
      try {
        const output = await outputOf(child)
        return { secret: readSourced(output.replace(/\r?\n$/, '')) }
      } finally {
        signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}

function outputOf(child: ChildProcess): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (piece: Buffer) => {
      size += piece.length
      if (size > maxOutputBytes) reject(new SourceFailure(`The program printed more than ${maxOutputBytes} bytes.`))
      else pieces.push(piece)
    })
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(new SourceFailure(`The program cannot be run (${error.code ?? 'unknown'}).`)),
    )
    // `close` comes once the program has ended, and it and everything that it started have closed stdout.
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'))
      else reject(new SourceFailure(code === null ? `The program was ended by ${killedBy}.` : `The program ended with status ${code}.`))
    })
  })
}

/** Ends the program and whatever it has started in its group. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group has ended already.
  }
}
