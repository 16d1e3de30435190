import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { listenAnywhere } from '../support/house.js'

export const root = resolve(import.meta.dirname, '../..')
/** Where the programs of others are installed, with their own lockfile. */
export const home = join(root, '.platforms')

/** A program's own folder, beside what it is run with. */
export function layProgram(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(home, 'programs', name)
  rmSync(folder, { recursive: true, force: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

export type Env = Readonly<Record<string, string>>

/** Runs a program to its end; what it printed, on both roads. Fails where it fails. */
export async function run(command: string, words: readonly string[], cwd: string, env: Env = {}): Promise<string> {
  const options = {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, NEXT_TELEMETRY_DISABLED: '1', ...env },
    timeout: 200_000,
    maxBuffer: 1 << 26,
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...words], options)
    return stdout + stderr
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

/** Starts a server of somebody else's and waits until it answers at its port. */
export async function start(command: string, words: readonly string[], cwd: string, port: number, env: Env = {}): Promise<ChildProcess> {
  const child = spawn(command, [...words], { cwd, env: { PATH: process.env['PATH'], HOME: cwd, NEXT_TELEMETRY_DISABLED: '1', ...env } })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (printed += part.toString()))
  const until = Date.now() + 60_000
  for (;;) {
    const answers = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
    if (answers) return child
    if (child.exitCode !== null || Date.now() > until) {
      await stop(child)
      throw new Error(`${command} does not answer:\n${printed}`)
    }
    await new Promise((done) => setTimeout(done, 100))
  }
}

/** Ends a server that was started, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}

export async function freePort(): Promise<number> {
  const server = createServer()
  const { port } = new URL(await listenAnywhere(server))
  await new Promise((done) => server.close(done))
  return Number(port)
}
