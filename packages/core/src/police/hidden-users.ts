import { rememberNames } from '../lib/remember-names.js'
import { squashName, words } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { isContent, isSchema, namesOfSchemas } from '../read/content.js'
import type { Visit } from './visit-members.js'

/**
 * Members in which a documented gateway or provider reads for which user a request is, or whose quota it is counted on, as they
 * are written.
 */
const written: readonly string[] = words(
  'user user_id end_user end_user_id safety_identifier customer customer_identifier customUid custom_uid trace_user_id quotaEntityId',
  'identity identity_id contact contact_id end_user_to_charge',
)

/** The same, as `squashName` returns them. */
const ofUsers = new Set(written.map(squashName))

/** Of these, the ones that a gateway reads in `metadata` too; there, `user` is a tag like any other. */
const inMetadata = new Set(['userid', 'enduser', 'enduserid', 'traceuserid'])
/** As Portkey reads it there. */
const userOfPortkey = /^_user$/i
const namesUserInMetadata = (name: string): boolean => userOfPortkey.test(name) || inMetadata.has(squashName(name))

/** Of these, the one that counts among settings alone: elsewhere it may be data that the caller sends. */
const vague = 'customer'

/** The most letters and digits of such a name. How much stands between them says nothing. */
const maxChars = 64

/** How a member's name says for which user the request is: as it is documented, in another spelling, or not at all. */
export const namesUser = rememberNames((name): 'as written' | 'otherwise' | 'not' => {
  if (!ofUsers.has(squashName(name))) return 'not'
  return written.includes(name) ? 'as written' : 'otherwise'
})

/** Whether a gateway reads the user's id in an object under this name. */
export const holdsId = (name: string): boolean => name === 'identity' || name === 'contact'

const metadata = 'metadata'

/** Whether a member of this name holds tags of the request: `metadata`, `litellm_metadata`, and what Google calls so. */
const holdsTags = rememberNames((name) => /^(?:(?:litellm)?metadata|labels)$/.test(squashName(name)))
/** Whether all names count among such tags, since a gateway takes the user from them. */
const allCount = (tags: string): boolean => tags !== metadata && squashName(tags) !== 'labels'

/** Objects whose members the caller names, and in which no gateway reads a setting: variables, arguments, rows, filters. */
const ofCallers =
  /^(?:(?:prompt|state|template|dynamic)?(?:vars|variables)|args|arguments|values|items?|samples?|attributes|filters?|logitbias)$/
const isFree = rememberNames((name) => name.length <= maxChars && (isContent(name) || isSchema(name) || ofCallers.test(squashName(name))))

/**
 * If policy pins the user, refuses a member that names one at any depth, whatever the object around it is called: in settings
 * such as `extra_body`, in a trace, in what a gateway calls by its own name. It may prefer it to the pinned one. Outermost
 * members are pinned and not refused, and in metadata a user's id counts alone. What the model reads, and what the formats
 * let the caller name, counts for nothing.
 */
export const hiddenUsers: Visit = ({ name, within, top, isTop, inContent, inSettings, value }) => {
  if (isTop || inContent || within === undefined) return
  if (holdsTags(within)) {
    if (allCount(within) ? namesUser(name) !== 'not' : namesUserInMetadata(name)) throw another(name, within)
    return
  }
  if (namesUser(name) === 'not' || (!inSettings && top === metadata)) return
  // A property in a schema may be called `user_id`: that describes an argument of a tool, and names no user.
  if (namesOfSchemas.test(within) && typeof value === 'object') return
  if (inSettings || squashName(within) === 'trace') throw another(name, within)
  if (squashName(name) !== vague && !isFree(within) && !isFree(top)) throw another(name, within)
}

/**
 * The same for a format whose own `metadata` is pinned as a whole. Refuses other metadata among settings, since a gateway could
 * write it over the pinned one; that of a request in a batch is its own.
 */
export const hiddenUsersBesideMetadata: Visit = (member, eachItem) => {
  const { name, within, top, inContent, inSettings } = member
  if (top === metadata) return
  if (inSettings && !inContent && top !== 'requests' && squashName(name) === metadata) throw another(name, within ?? top)
  hiddenUsers(member, eachItem)
}

/** The same for forms and queries, in which no user is pinned: refuses outermost ones too. */
export const namedUsers: Visit = (member, eachItem) => {
  if (member.isTop && namesUser(member.name) !== 'not') throw another(member.name, member.name)
  hiddenUsers(member, eachItem)
}

function another(name: string, where: string): Refusal {
  return new Refusal('request_malformed', {
    message: `The user of this request is the verified one; ${where.slice(0, maxChars)} cannot name another.`,
    param: name.slice(0, maxChars),
  })
}
