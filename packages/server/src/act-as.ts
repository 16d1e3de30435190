import { nameFault } from '@postern/protocol'

/** Whom a call is for: at least one of the three. */
export interface ActAs {
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
}

const fields = ['user', 'team', 'project'] as const

/**
 * Makes the value of `Postern-Act-As`, in which a service caller with `delegate: true` names the user, team or
 * project that it calls for. Names are percent-encoded, because a header cannot hold every character of a name.
 *
 * @throws {TypeError} if no name is given, a name is not valid, or there is another member.
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
