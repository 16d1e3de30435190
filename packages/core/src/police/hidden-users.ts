import { squashName } from '../lib/squash-name.js'
import { Refusal } from '../refusal.js'
import { holdsSettings } from './amount-names.js'
import type { Visit } from './visit-members.js'

/** What members are called that say who the user is, without what spells them differently. */
const ofUsers = new Set(['user', 'userid', 'enduser', 'enduserid', 'safetyidentifier'])

/** The longest of them is shorter, also where each of its letters is written apart. */
const mostChars = 64

/** Where policy pins the user, refuses another that stands among settings: a gateway may read it before the pinned one. */
export const hiddenUsers: Visit = ({ name, within, isTop, inContent }) => {
  if (isTop || inContent || name.length > mostChars || within === undefined || !holdsSettings(within)) return
  if (!ofUsers.has(squashName(name))) return
  throw new Refusal('request_malformed', {
    message: `The user of this request is the verified one; ${within} cannot name another.`,
    param: name,
  })
}
