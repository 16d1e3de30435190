import { rememberNames } from '../lib/remember-names.js'
import { squashName } from '../lib/strip-punctuation.js'
import { words } from '../lib/words.js'
import { Refusal } from '../refusal.js'
import { nothingFree } from './callers-places.js'
import { type Members, MemberWalk, type Visit } from './visit-members.js'

/**
 * Members in which a documented gateway or provider reads for which user a request is, or whose quota it is counted on, as they
 * are written.
 */
const written: readonly string[] = words(
  'user user_id end_user end_user_id safety_identifier customer customer_identifier customUid custom_uid trace_user_id quotaEntityId',
)

/** The same, as `squashName` returns them. */
const ofUsers = new Set(written.map(squashName))

/** Of these, the ones that a gateway reads in `metadata` too; there, `user` is a tag like any other. */
const inMetadata = new Set(['userid', 'enduser', 'enduserid', 'traceuserid'])
/** As Portkey reads it there. */
const userOfPortkey = /^_user$/i
const namesUserInMetadata = (name: string): boolean => userOfPortkey.test(name) || inMetadata.has(squashName(name))

/** Longer names are skipped, in characters: the longest of these names is shorter, even with a separator behind each letter. */
const maxChars = 64

/** How a member's name says for which user the request is: as it is documented, in another spelling, or not at all. */
export const namesUser = rememberNames((name): 'as written' | 'otherwise' | 'not' => {
  if (name.length > maxChars || !ofUsers.has(squashName(name))) return 'not'
  return written.includes(name) ? 'as written' : 'otherwise'
})

/** Whether a member of this name holds tags of the request: `metadata`, `litellm_metadata`. */
const holdsTags = rememberNames((name) => name.length <= maxChars && /^(?:litellm)?metadata$/.test(squashName(name)))

/**
 * If policy pins the user, refuses a user anywhere inside a settings member such as `extra_body`, in a trace, and a user's id in
 * metadata: a gateway may prefer it to the pinned one. Outermost members are pinned and not refused.
 */
export const hiddenUsers: Visit = ({ name, within, isTop, inContent, inSettings, value }) => {
  if (isTop || inContent || within === undefined || namesUser(name) === 'not') return
  // What a schema calls a property names nobody.
  if (within === 'properties' && typeof value === 'object') return
  if (holdsTags(within) ? within !== metadata || namesUserInMetadata(name) : inSettings || squashName(within) === 'trace')
    throw another(name, within)
}

/** The same for forms and queries, in which no user is pinned: refuses outermost ones too. */
export const namedUsers: Visit = (member, eachItem) => {
  if (member.isTop && namesUser(member.name) !== 'not') throw another(member.name, member.name)
  hiddenUsers(member, eachItem)
}

const metadata = 'metadata'

/** The same for the `metadata` of a body, which the walk along its members skips; `undefined` without any. */
export function walkMetadata({ [metadata]: tags }: Members): MemberWalk | undefined {
  return typeof tags === 'object' && tags !== null ? new MemberWalk({ [metadata]: tags }, [userOfTags], nothingFree) : undefined
}

const userOfTags: Visit = ({ name, within }) => {
  if (within === metadata && namesUser(name) !== 'not' && namesUserInMetadata(name)) throw another(name, metadata)
}

function another(name: string, where: string): Refusal {
  return new Refusal('request_malformed', {
    message: `The user of this request is the verified one; ${where.slice(0, maxChars)} cannot name another.`,
    param: name.slice(0, maxChars),
  })
}
