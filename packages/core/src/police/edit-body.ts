import type { AnswerFormat, Dialect } from '@postern/gateways'
import { foldName, removeMember, setMember } from '../lib/json-members.js'

/** What is said of a body besides its text. */
export interface BodyFacts {
  readonly members: Readonly<Record<string, unknown>>
  readonly dialect: Dialect
  readonly format: AnswerFormat
  /** Who the user is where policy pins it: empty for a caller that is nobody in particular. */
  readonly pinnedUser: string | undefined
  /** The provider would store the answer, and must not. */
  readonly refuseStore: boolean
}

/**
 * Who somebody is, and which project it is booked under, is never the client's to say: the project belongs to
 * the key and is dropped, the user is the verified one where policy pins it. Where several tenants use the key, an
 * answer that would be stored is asked for with "store": false. Nothing else of a body changes.
 */
export function editBody(body: Buffer, { members, dialect, format, pinnedUser, refuseStore }: BodyFacts): Buffer {
  const { project } = dialect
  const projectMember = project?.bodyMember === undefined ? undefined : spelledLike(project.bodyMember, members)
  if (projectMember === undefined && pinnedUser === undefined && !refuseStore) return body
  const text = body.toString('utf8')
  const unbooked = projectMember === undefined ? text : removeMember(text, projectMember)
  const unstored = refuseStore ? setMember(unbooked, 'store', 'false') : unbooked
  return Buffer.from(pinnedUser === undefined ? unstored : pinUser(unstored, members, format, pinnedUser))
}

/** Members that name a user in one API or another. */
const userMembers = ['user', 'safety_identifier'] as const

/** What names a user names this one; where an API has a place for it, it is named also where the client does not. */
function pinUser(text: string, members: Readonly<Record<string, unknown>>, { user: place }: AnswerFormat, user: string): string {
  let pinned = text
  for (const name of userMembers) {
    const member = spelledLike(name, members)
    if (member === undefined) continue
    // Nobody in particular is nobody, and not whom the client says.
    pinned = member === name && user !== '' ? setMember(pinned, name, JSON.stringify(user)) : removeMember(pinned, member)
  }
  if (place === undefined) return pinned
  const within = place.within === undefined ? undefined : spelledLike(place.member, members)
  if (within !== undefined && (within !== place.member || user === '')) pinned = removeMember(pinned, within)
  if (user === '') return pinned
  return setMember(pinned, place.member, JSON.stringify(place.within === undefined ? user : { [place.within]: user }))
}

/** The member as the client spells it. A body has no two that differ only in case. */
function spelledLike(name: string, members: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(members).find((member) => foldName(member) === name)
}
