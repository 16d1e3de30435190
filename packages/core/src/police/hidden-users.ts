import { squashName } from '../lib/squash-name.js'
import { Refusal } from '../refusal.js'
import { holdsSettings } from './amount-names.js'
import type { Visit } from './visit-members.js'

/** Names of members that name a user, as `squashName` returns them. */
const ofUsers = new Set(['user', 'userid', 'enduser', 'enduserid', 'safetyidentifier'])

/** Longer names are skipped, in characters: the longest of these names is shorter, even with a separator behind each letter. */
const mostChars = 64

/** If policy pins the user, refuses a user inside a settings member such as `extra_body`: a gateway may prefer it to the pinned one. */
export const hiddenUsers: Visit = ({ name, within, isTop, inContent }) => {
  if (isTop || inContent || name.length > mostChars || within === undefined || !holdsSettings(within)) return
  if (!ofUsers.has(squashName(name))) return
  throw new Refusal('request_malformed', {
    message: `The user of this request is the verified one; ${within} cannot name another.`,
    param: name,
  })
}
