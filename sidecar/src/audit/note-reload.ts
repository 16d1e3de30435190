import { describeProblem } from '@postern/config'
import { cannotChange } from '@postern/instance'
import type { Reloaded } from '../configuration.js'
import type { Audit } from './audit.js'

/** The most entries (settings or problems) of one list in an audit line. If there are more, a last entry says how many are left out. */
const maxListed = 200
/** The most characters of one entry. A longer entry is cut, and ends in `…`. */
const maxEntryChars = 300

/** Writes the result of a reload to the audit: what changed, or why the reload was refused. Never rejects. */
export function noteReload(audit: Audit, result: Reloaded, by: { readonly who: string; readonly request_id?: string }): Promise<void> {
  if (result.taken) {
    const changed = result.changes.map(({ path, what }) => `${path} (${what})`)
    const laxer = result.changes.filter((change) => change.laxer).map(({ path, what }) => `${path} (${what})`)
    return audit.note({ ...by, what: 'reload', result: 'taken', changed: limitList(changed), laxer: limitList(laxer) })
  }
  const fixed = result.problems.filter(({ reason }) => reason === cannotChange).map(({ path }) => path)
  const problems = result.problems.map((each) => describeProblem(each).trim())
  return audit.note({ ...by, what: 'reload', result: 'refused', fixed: limitList(fixed), problems: limitList(problems) })
}

function limitList(texts: readonly string[]): readonly string[] {
  const cut = texts.slice(0, maxListed).map((text) => (text.length <= maxEntryChars ? text : `${text.slice(0, maxEntryChars)}…`))
  return texts.length <= maxListed ? cut : [...cut, `and ${texts.length - maxListed} more`]
}
