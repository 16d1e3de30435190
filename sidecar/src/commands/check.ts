import { dirname } from 'node:path'
import { describeProblem } from '@postern/config'
import { checkAuditFile } from '../check-places.js'
import { describeProblems, loadConfig } from '../load-config.js'
import { print, printJson } from '../print.js'

/** Validates a configuration and prints every problem at once. */
export function check(options: { readonly config: string; readonly json?: boolean }): number {
  const loaded = loadConfig(options.config)
  const ofAudit = loaded.checked === undefined ? [] : checkAuditFile(loaded.checked.config, dirname(loaded.file))
  const checked = ofAudit.length === 0 ? loaded.checked : undefined
  const problems = [...loaded.problems, ...ofAudit]
  if (options.json === true) printJson({ ok: checked !== undefined, problems })
  else {
    const errors = problems.filter(({ severity }) => severity === 'error')
    const warnings = problems.filter(({ severity }) => severity === 'warning')
    if (checked !== undefined)
      print(
        `${options.config} is good: ${count(Object.keys(checked.config.keys), 'key')}, ${count(checked.config.bindings, 'binding')}, ${count(checked.ring, 'service caller')}${warnings.length === 0 ? '' : `, with ${count(warnings, 'warning')}`}.`,
      )
    if (errors.length > 0) process.stderr.write(`${describeProblems(options.config, errors)}\n`)
    if (warnings.length > 0) process.stderr.write(`Worth a look in ${options.config}:\n${warnings.map(describeProblem).join('\n')}\n`)
  }
  return checked === undefined ? 1 : 0
}

function count(things: readonly unknown[], noun: string): string {
  return `${things.length} ${noun}${things.length === 1 ? '' : 's'}`
}
