import { describeProblem } from '@postern/config'
import { cannotChange } from '@postern/instance'
import type { Reloaded } from '../configuration.js'
import type { Audit } from './audit.js'

/** How many names or problems one line has at most, and how many characters each. */
const mostListed = 200
const mostChars = 300

/** Writes down that the configuration was read again, and what came of it. */
export function noteReload(audit: Audit, result: Reloaded, by: { readonly who: string; readonly request_id?: string }): Promise<void> {
  if (result.taken) {
    const changed = result.changes.map(({ path, what }) => `${path} (${what})`)
    const laxer = result.changes.filter((change) => change.laxer).map(({ path, what }) => `${path} (${what})`)
    return audit.note({ ...by, what: 'reload', result: 'taken', changed: listed(changed), laxer: listed(laxer) })
  }
  const fixed = result.problems.filter(({ reason }) => reason === cannotChange).map(({ path }) => path)
  const problems = result.problems.map((each) => describeProblem(each).trim())
  return audit.note({ ...by, what: 'reload', result: 'refused', fixed: listed(fixed), problems: listed(problems) })
}

function listed(texts: readonly string[]): readonly string[] {
  const cut = texts.slice(0, mostListed).map((text) => (text.length <= mostChars ? text : `${text.slice(0, mostChars)}…`))
  return texts.length <= mostListed ? cut : [...cut, `and ${texts.length - mostListed} more`]
}
