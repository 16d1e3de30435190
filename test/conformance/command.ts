import { doorNames } from '../support/house.js'
import { contracts } from './cases/index.js'
import { type Options, readOptions, usage, UsageError } from './options.js'
import { Progress } from './progress.js'
import { reportOf } from './report.js'
import { type ContractResult, nameOf, runContract } from './run-contract.js'

async function run(options: Options): Promise<number> {
  const rows = options.gateways.flatMap((gateway) => contracts[gateway]).filter(({ live }) => options.real === undefined || live === true)
  const progress = new Progress(rows.length * doorNames.length)
  const results: ContractResult[] = []
  try {
    for (const gateway of options.gateways) results.push(await runContract(gateway, options.real, (label) => progress.step(label)))
  } finally {
    progress.clear()
  }
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  else process.stdout.write(`${reportOf(results, options.verbose ? rows.map(nameOf) : [])}\n`)
  return results.every(({ failures }) => failures.length === 0) ? 0 : 1
}

/**
 * The conformance suite: asks every row of every contract, prints a table, and fails where one does not hold.
 *
 * @returns The exit code: 0 every row holds, 1 one does not, 2 wrong usage.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args, process.env)
    if (!options.help) return await run(options)
    process.stdout.write(usage)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`conformance: ${error.message}\n(--help shows how it is used)\n`)
    return 2
  }
}
