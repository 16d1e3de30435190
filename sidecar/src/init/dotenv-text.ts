import { isDeepStrictEqual } from 'node:util'
import { parse } from 'dotenv'
import { Failure } from '../failure.js'
import { setVariable } from '../set-variable.js'
import type { InitSecrets } from './make-secrets.js'

/**
 * The text of `.env` with the variables of a new configuration, and a remark for the key of the gateway unless the operator has written it
 * already. All other variables stay.
 *
 * @param text The text of the file now; empty if there is no file.
 * @throws {Failure} if a value stands in a form that cannot be replaced for certain.
 */
export function dotenvText(text: string, { fillIn, made }: Pick<InitSecrets, 'fillIn' | 'made'>): string {
  const now = parse(text)
  const wanted = Object.entries(made)
  let changed = text === '' || text.endsWith('\n') ? text : `${text}\n`
  // A remark, so that a line which is appended later is the only one of its variable.
  for (const line of fillIn.filter((name) => now[name] === undefined).map(toFillIn)) if (!changed.includes(line)) changed += `${line}\n`
  for (const [name, value] of wanted) {
    const replaced = now[name] === undefined ? `${changed}${name}=${value}\n` : setVariable(changed, name, value)
    if (replaced === undefined)
      throw new Failure(`Nothing is written: ${name} stands in .env in a form that cannot be rewritten for certain.`)
    changed = replaced
  }
  if (!isDeepStrictEqual(parse(changed), { ...now, ...Object.fromEntries(wanted) }))
    throw new Failure(
      'Nothing is written: .env would be read otherwise than it is meant with what is added to it. Close its quotes, or choose another --dir.',
    )
  return changed
}

function toFillIn(name: string): string {
  return `# ${name}=  (your gateway key: write it behind the = and take the # away, or append such a line)`
}

/** The variables of a new configuration whose value in `.env` would be replaced. */
export function lostVariables(text: string, { made }: Pick<InitSecrets, 'made'>): readonly string[] {
  const now = parse(text)
  return Object.keys(made).filter((name) => (now[name] ?? '') !== '')
}
