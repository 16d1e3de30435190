import { dirname } from 'node:path'
import { type CheckedConfig, describeProblem } from '@postern/config'
import { checkAuditFile } from '../check-places.js'
import { WrongUsage } from '../failure.js'
import { describeProblems, loadConfig } from '../load-config.js'
import type { OnlineRow } from '../online/online-row.js'
import { print, printable, printJson, printTable } from '../print.js'
import { countOf } from '../count-of.js'

export interface CheckOptions {
  readonly config: string
  readonly json?: boolean
  /** Also asks the store, the sources of keys and the gateways. */
  readonly online?: boolean
  /** With `online`: tries these keys alone. */
  readonly key?: readonly string[]
}

/** Validates a configuration and prints every problem at once. With `online`, and if there is no problem, also asks the other servers. */
export async function check(options: CheckOptions): Promise<number> {
  if (options.key !== undefined && options.online !== true) throw new WrongUsage('--key says what check --online tries. Say --online too.')
  const loaded = loadConfig(options.config)
  const ofAudit = loaded.checked === undefined ? [] : checkAuditFile(loaded.checked.config, dirname(loaded.file))
  const checked = ofAudit.length === 0 ? loaded.checked : undefined
  const problems = [...loaded.problems, ...ofAudit]
  const rows = checked === undefined || options.online !== true ? undefined : await lookOnline(checked, loaded.file, options.key)
  const isGood = checked !== undefined && rows?.every(({ ok }) => ok !== false) !== false
  if (options.json === true) printJson({ ok: isGood, problems, ...(rows === undefined ? {} : { online: rows }) })
  else {
    const errors = problems.filter(({ severity }) => severity === 'error')
    const warnings = problems.filter(({ severity }) => severity === 'warning')
    if (checked !== undefined)
      print(
        `${options.config} is good: ${countOf(Object.keys(checked.config.keys).length, 'key')}, ${countOf(checked.config.bindings.length, 'binding')}, ${countOf(new Set(checked.ring.map(({ label }) => label)).size, 'service caller')}${warnings.length === 0 ? '' : `, with ${countOf(warnings.length, 'warning')}`}.`,
      )
    if (checked?.config.keyRing !== undefined && rows === undefined)
      print('The key ring is not looked at: check --online reads and tries it.')
    if (errors.length > 0) process.stderr.write(`${describeProblems(options.config, errors)}\n`)
    if (warnings.length > 0) process.stderr.write(`Worth a look in ${options.config}:\n${warnings.map(describeProblem).join('\n')}\n`)
    if (rows !== undefined) printRows(rows)
  }
  return isGood ? 0 : 1
}

/** Loads the libraries that ask other servers, which only `--online` needs. */
async function lookOnline(
  ...place: readonly [checked: CheckedConfig, file: string, asked: readonly string[] | undefined]
): Promise<readonly OnlineRow[]> {
  const { checkOnline } = await import('../online/check-online.js')
  return checkOnline(...place)
}

function printRows(rows: readonly OnlineRow[]): void {
  const word = (ok: OnlineRow['ok']): string => (ok === null ? 'not asked' : ok ? 'good' : 'FAILED')
  printTable(
    ['what', 'is', ''],
    rows.map(({ what, ok, detail }) => [printable(what), word(ok), printable(detail)]),
  )
}
