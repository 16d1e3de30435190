import { plainName } from '@postern/protocol'

/** For whom a call is, at least one of the three. */
export interface ActAs {
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
}

const fields = ['user', 'team', 'project'] as const

/**
 * The value of `Postern-Act-As`, by which a service caller with `delegate: true` says for whom it calls. Names
 * may hold what a header may not: they are percent-encoded.
 *
 * @throws {TypeError} where nobody is named, a name could be none, or something else is said.
 *
 * @example
 * ```ts
 * const headers = { 'Postern-Act-As': actAs({ user: account.id, team: account.tenant }) }
 * ```
 */
export function actAs(who: ActAs): string {
  const stranger = Object.keys(who).find((name) => !fields.some((field) => field === name))
  if (stranger !== undefined) throw new TypeError(`"${stranger}" is nothing to act as; there are user, team and project.`)
  const parts = fields.filter((field) => who[field] !== undefined).map((field) => `${field}=${encode(who[field])}`)
  if (parts.length === 0) throw new TypeError('A call is for a user, a team or a project; name at least one.')
  return parts.join(', ')
}

function encode(name: unknown): string {
  const fault = 'A name has 1 to 256 characters, none of them a control character.'
  if (typeof name !== 'string' || !plainName.test(name)) throw new TypeError(fault)
  try {
    return encodeURIComponent(name)
  } catch {
    // Half of a surrogate pair, which no encoding has.
    throw new TypeError(fault)
  }
}
