import type { Dialect } from '@postern/gateways'
import { removeMember, setMember } from '../json-members.js'

/**
 * Who somebody is, and which project it is booked under, is never the client's to say: the project belongs to
 * the key and is dropped, the user is the verified one where policy pins it. Nothing else of a body changes.
 */
export function editBody(
  body: Buffer,
  members: Readonly<Record<string, unknown>>,
  { project }: Dialect,
  pinnedUser: string | undefined,
): Buffer {
  const projectMember = project?.bodyMember === undefined ? undefined : spelledLike(project.bodyMember, members)
  if (projectMember === undefined && pinnedUser === undefined) return body
  const text = body.toString('utf8')
  const unbooked = projectMember === undefined ? text : removeMember(text, projectMember)
  return Buffer.from(pinnedUser === undefined ? unbooked : pinUser(unbooked, members, pinnedUser))
}

/** Nobody in particular is nobody, and not whom the client says. */
function pinUser(text: string, members: Readonly<Record<string, unknown>>, user: string): string {
  const member = spelledLike('user', members)
  const free = member === undefined || (member === 'user' && user !== '') ? text : removeMember(text, member)
  return user === '' ? free : setMember(free, 'user', user)
}

/** The member as the client spells it: some servers read names without regard to case. A body has no two that differ only there. */
function spelledLike(name: string, members: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(members).find((member) => member.toLowerCase() === name)
}
