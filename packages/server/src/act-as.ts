import { nameFault } from '@postern/protocol'

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
  const parts = fields.filter((field) => who[field] !== undefined).map((field) => `${field}=${encode(field, who[field])}`)
  if (parts.length === 0) throw new TypeError('A call is for a user, a team or a project; name at least one.')
  return parts.join(', ')
}

function encode(field: string, name: unknown): string {
  const fault = typeof name === 'string' ? nameFault(name) : 'is not a text'
  if (fault !== undefined) throw new TypeError(`"${field}" is no name: it ${fault}.`)
  return encodeURIComponent(name as string)
}
