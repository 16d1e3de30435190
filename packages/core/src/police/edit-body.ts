import { type AnswerFormat, type Dialect, squashName } from '@postern/gateways'
import { valueStart } from '../lib/json-members.js'
import { spliceMembers } from '../lib/splice-members.js'
import type { Splice } from '../lib/splice.js'
import type { JsonBody } from '../read/json-body.js'
import { EditedBody } from './edited-body.js'
import { holdsId, namesUser } from './hidden-users.js'

const noEdits: ReadonlyMap<string, string | undefined> = new Map()
const noSplices: readonly Splice[] = []

/** The facts that decide how a body is edited. */
export interface BodyFacts {
  readonly read: JsonBody
  readonly dialect: Dialect
  readonly format: AnswerFormat
  /** The verified user if policy pins it; empty for a caller without a user name; `undefined`: not pinned. */
  readonly pinnedUser: string | undefined
  /** The provider would store the answer, and several tenants use the key. */
  readonly refuseStore: boolean
  /** The request asks for a chat stream without token counts, and the gateway can be asked for them. */
  readonly askForUsage: boolean
}

/**
 * Rewrites the members that a client may not choose. The project belongs to the key, so the client's is removed. If policy
 * pins the user, the body's user becomes the verified one. If `refuseStore` is set, the body gets `"store": false`; if
 * `askForUsage` is set, `"include_usage": true` in `stream_options`. Nothing else of the body changes.
 */
export function editBody(body: Buffer, { read, dialect, format, pinnedUser, refuseStore, askForUsage }: BodyFacts): EditedBody {
  const { project } = dialect
  if (project?.bodyMember === undefined && !refuseStore && !askForUsage && pinnedUser === undefined)
    return new EditedBody(body, read, noEdits, noSplices)
  const edits = new Map<string, string | undefined>()
  if (project?.bodyMember !== undefined) for (const member of spelledLike(project.bodyMember, read.members)) edits.set(member, undefined)
  if (refuseStore) edits.set('store', 'false')
  const within = askForUsage ? askInOptions(read) : []
  if (askForUsage && within.length === 0) edits.set(streamOptions, '{"include_usage":true}')
  if (pinnedUser !== undefined) pinUser(edits, read.members, format, pinnedUser)
  return new EditedBody(body, read, edits, within)
}

/**
 * Whether a request asks for a stream and leaves its token counts out. Of options that are no object the gateway shall say what it says
 * without Postern.
 */
export function leavesUsageOut({ stream, [streamOptions]: options }: JsonBody['members']): boolean {
  if (stream !== true) return false
  if (options === undefined || options === null) return true
  return typeof options === 'object' && !Array.isArray(options) && (options as { include_usage?: unknown }).include_usage !== true
}

/** Asks for the token counts in options that the client sent; no changes if it sent none. */
function askInOptions(read: JsonBody): readonly Splice[] {
  const span = read.spans.find(({ name }) => name === streamOptions)
  const within = span && read.spansWithin(span)
  if (span === undefined || within === undefined) return []
  const begin = read.text.indexOf('{', valueStart(read.text, span)) + 1
  return spliceMembers(read.text, within, new Map([['include_usage', 'true']]), begin)
}

const streamOptions = 'stream_options'

/** Sets the user in each member that names one. If the format has a place for the user, it is set even if the client left it out. */
function pinUser(
  edits: Map<string, string | undefined>,
  members: Readonly<Record<string, unknown>>,
  { user: place }: AnswerFormat,
  user: string,
): void {
  for (const member in members) {
    const spelled = namesUser(member)
    // If the caller has no user name, or the client spells the member differently, remove it instead of passing its value.
    if (spelled === 'not') continue
    const pinned = holdsId(member) && typeof members[member] === 'object' ? { id: user } : user
    edits.set(member, spelled === 'as written' && user !== '' ? JSON.stringify(pinned) : undefined)
  }
  if (place === undefined) return
  if (place.within !== undefined)
    for (const member of spelledLike(place.member, members)) if (member !== place.member || user === '') edits.set(member, undefined)
  if (user !== '') edits.set(place.member, JSON.stringify(place.within === undefined ? user : { [place.within]: user }))
}

/** The members that a server could read under a name, as the client spells them. */
function spelledLike(name: string, members: Readonly<Record<string, unknown>>): readonly string[] {
  const plain = squashName(name)
  return Object.keys(members).filter((member) => squashName(member) === plain)
}
