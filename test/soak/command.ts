import { writeFileSync } from 'node:fs'
import { leastMinutesForMemory } from './measures.js'
import { type Options, readOptions, usage } from './options.js'
import { drawSoak } from './picture.js'
import { Progress } from './progress.js'
import { faultsOf, tablesOf } from './report.js'
import { runSoak } from './run.js'
import { judge, type Verdict } from './verdict.js'

const GROWS = 1
const COULD_NOT_COMPLETE = 2

/** The longest warm-up, in minutes: answers of repeated calls are kept for ten, and sessions for five. */
const longestWarmUp = 20

/** As many calls as begin in so many seconds are open where the machine does not keep up; the slow ones among them are no reason. */
const secondsBehind = 5

async function run(options: Options): Promise<number> {
  process.stderr.write(`seed ${options.seed}\n`)
  const progress = new Progress()
  const result = await runSoak(options, progress).finally(() => progress.clear())
  const warmUp = Math.min(longestWarmUp, options.minutes / 2)
  const verdicts = judge(result.samples, warmUp)
  const faults = faultsOf(result, verdicts)
  process.stdout.write(`${tablesOf(result, verdicts, warmUp)}\n`)
  const title = `Postern for ${options.minutes} minutes at ${options.perSecond} calls a second, Node ${process.version.slice(1)}`
  if (options.picture !== undefined) writeFileSync(options.picture, drawSoak(verdicts, warmUp, title))
  if (options.json !== undefined) {
    const written = verdicts.map(({ measure: { name }, middle, growth, mayGrow, word }) => ({
      name,
      middle,
      growth,
      mayGrow,
      verdict: word,
    }))
    const { seed, minutes, perSecond } = options
    writeFileSync(
      options.json,
      `${JSON.stringify({ node: process.version, seed, minutes, perSecond, warmUp, verdicts: written, faults, ...result }, null, 2)}\n`,
    )
  }
  if (result.samples.some(({ open }) => open > options.perSecond * secondsBehind))
    process.stdout.write(
      '\nThis machine did not keep up with the load: calls waited for it, and the run says little. Take a lower --rate.\n',
    )
  process.stdout.write(`\n${faults.length === 0 ? endOf(verdicts) : faults.join('\n')}\n`)
  return faults.length === 0 ? 0 : GROWS
}

function endOf(verdicts: readonly Verdict[]): string {
  const open = verdicts.filter(({ word }) => word !== 'flat').map(({ measure: { name } }) => name)
  if (open.length === 0) return 'Every call ended as it should, and nothing grows.'
  return `Every call ended as it should. The run is too short to say anything of ${open.join(', ')}; ${leastMinutesForMemory} minutes do.`
}

/**
 * The soak: mixed traffic for a long time, and what grows meanwhile.
 *
 * @returns The exit code: 0 nothing grows and every call ended as it should, 1 otherwise, 2 it could not complete.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (!options.help) {
      if (process.platform !== 'linux') throw new TypeError('the soak reads /proc and needs Linux')
      return await run(options)
    }
    process.stdout.write(usage)
    return 0
  } catch (error) {
    const { message, stack = message } = error as Error
    const isUsage = error instanceof TypeError && !stack.includes('/run.js')
    process.stderr.write(`soak: ${isUsage ? `${message}\n(--help shows how it is used)` : stack}\n`)
    return COULD_NOT_COMPLETE
  }
}
