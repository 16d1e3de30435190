import type { AnswerFormat, Dialect } from '@postern/gateways'
import { editMembers, foldName } from '../lib/json-members.js'
import type { JsonBody } from '../read/json-body.js'

/** What is said of a body besides its text. */
export interface BodyFacts {
  readonly read: JsonBody
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
export function editBody(body: Buffer, { read, dialect, format, pinnedUser, refuseStore }: BodyFacts): Buffer {
  const { project } = dialect
  const edits = new Map<string, string | undefined>()
  const projectMember = project?.bodyMember === undefined ? undefined : spelledLike(project.bodyMember, read.members)
  if (projectMember !== undefined) edits.set(projectMember, undefined)
  if (refuseStore) edits.set('store', 'false')
  if (pinnedUser !== undefined) pinUser(edits, read.members, format, pinnedUser)
  return edits.size === 0 ? body : Buffer.from(editMembers(read.text, read.spans, edits))
}

/** Members that name a user in one API or another. */
const userMembers = ['user', 'safety_identifier'] as const

/** What names a user names this one; where an API has a place for it, it is named also where the client does not. */
function pinUser(
  edits: Map<string, string | undefined>,
  members: Readonly<Record<string, unknown>>,
  { user: place }: AnswerFormat,
  user: string,
): void {
  for (const name of userMembers) {
    const member = spelledLike(name, members)
    // Nobody in particular is nobody, and not whom the client says.
    if (member !== undefined) edits.set(member, member === name && user !== '' ? JSON.stringify(user) : undefined)
  }
  if (place === undefined) return
  const within = place.within === undefined ? undefined : spelledLike(place.member, members)
  if (within !== undefined && (within !== place.member || user === '')) edits.set(within, undefined)
  if (user !== '') edits.set(place.member, JSON.stringify(place.within === undefined ? user : { [place.within]: user }))
}

/** The member as the client spells it. A body has no two that differ only in case. */
function spelledLike(name: string, members: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(members).find((member) => foldName(member) === name)
}
