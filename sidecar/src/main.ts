import { readFileSync } from 'node:fs'
import { redactKeys } from '@postern/protocol'
import { CommanderError } from 'commander'
import { Failure, WrongUsage } from './failure.js'
import { createProgram } from './program.js'

const done = 0
const failed = 1
const wrongUsage = 2

/**
 * Runs one command.
 *
 * @returns The exit code: 0 done, 1 refused or failed with the reason on stderr, 2 wrong usage.
 */
export async function main(args: readonly string[]): Promise<number> {
  let code = done
  const program = createProgram(version(), (result) => {
    code = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? done : wrongUsage
    if (!(error instanceof Error) || !(error instanceof Failure || (await isConfigError(error)))) throw error
    process.stderr.write(`${redactKeys(error.message)}\n`)
    return error instanceof WrongUsage ? wrongUsage : failed
  }
}

/** Imports `@postern/config` only after a command failed: each command imports what it needs, so that it starts fast. */
async function isConfigError(error: unknown): Promise<boolean> {
  const { ConfigError } = await import('@postern/config')
  return error instanceof ConfigError
}

function version(): string {
  const { version: current } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return current
}
