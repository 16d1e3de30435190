import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { type TenantFolder, writeTenants } from './many-tenants.js'
import { lastOfChain, type ProcessUsage, usageOf } from './process-usage.js'
import { bin } from './run-postern.js'

const terminal = '/usr/bin/script'

/** What an import took. */
export interface Imported {
  readonly seconds: number
  readonly cpuSeconds: number
  /** The most memory that the command held, in MB. */
  readonly highestMb: number
  /** How many different shares of the work its bar has shown; `undefined`: this system has no `script`, which plays the terminal. */
  readonly shares: number | undefined
}

/** Imports a key and a binding for each tenant by the real command. @throws {Error} with what it has printed, if it fails. */
export async function importTenants({ folder, config }: TenantFolder, count: number): Promise<Imported> {
  const file = await writeTenants(folder, count)
  const command = [process.execPath, bin, 'keys', 'import', file, '--config', config]
  const hasTerminal = existsSync(terminal)
  const words = hasTerminal ? [terminal, '-qefc', command.join(' '), '/dev/null'] : command
  const begun = performance.now()
  const child = spawn(words[0] as string, words.slice(1), { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (printed += piece.toString()))
  let usage: ProcessUsage | undefined
  const watch = setInterval(() => {
    try {
      const seen = lastOfChain(child.pid as number)
      // Once the command has ended, what plays the terminal is the last.
      if (seen !== child.pid || !hasTerminal) usage = usageOf(seen)
    } catch {
      // It has just ended.
    }
  }, 100)
  const code = await new Promise<number | null>((done) => child.on('close', done))
  clearInterval(watch)
  rmSync(file)
  if (code !== 0 || !printed.includes('Imported: ')) throw new Error(`the import ended with ${code}: ${printed.slice(-2000)}`)
  return {
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: (usage?.cpuMs ?? 0) / 1000,
    highestMb: usage?.highestMb ?? 0,
    shares: hasTerminal ? new Set(printed.match(/\d+ %/g)).size : undefined,
  }
}
