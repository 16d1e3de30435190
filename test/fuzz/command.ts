import { type Options, readOptions, usage, UsageError } from './options.js'
import { Progress } from './progress.js'
import { describeFinding, tableOf } from './report.js'
import { runAll } from './run.js'

const FOUND = 1
const COULD_NOT_COMPLETE = 2

async function run(options: Options): Promise<number> {
  const { seed } = options
  process.stderr.write(`seed ${seed}\n`)
  const progress = new Progress(options.inputs)
  const results = await runAll(options, progress)
  progress.clear()
  const findings = results.flatMap((result) => result.findings)
  if (options.json) process.stdout.write(`${JSON.stringify({ seed, targets: results }, null, 2)}\n`)
  else {
    for (const finding of findings) process.stdout.write(`${describeFinding(finding, seed)}\n\n`)
    process.stdout.write(`${tableOf(results)}\n`)
  }
  return findings.length === 0 ? 0 : FOUND
}

/**
 * The fuzzer: throws inputs at everything that strangers can reach, prints what must never happen, and fails on it.
 *
 * @returns The exit code: 0 nothing was found, 1 something was, 2 it could not complete.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (!options.help) return await run(options)
    process.stdout.write(usage)
    return 0
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`fuzz: ${error.message}\n(--help shows how it is used)\n`)
    else process.stderr.write(`fuzz: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return COULD_NOT_COMPLETE
  }
}
