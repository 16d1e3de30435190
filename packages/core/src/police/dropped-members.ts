import { rememberNames } from '../lib/remember-names.js'
import { squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { namesOfSchemas } from '../read/content.js'
import type { Visit } from './visit-members.js'

/** Names of more letters and digits are none of those. */
const maxNameChars = 64

/** Not in `dropout`, in a list that drops down, or in the name of a service. */
const drop = '(?<!back)drop(?!out|down|box)'
const dropping = `${drop}|remov|omit|strip|discard|delet|unset|exclud|ignor|skip|renam|modif|(?<!query)rewrit|translat(?!ion)|alias|allow|unsupported`
/** Members of the request, as gateways call them where they are dropped, and nothing else is. */
const members = '(?:param|kwarg|fields?$|members?$|arguments?$|args?$|options?$)'
/**
 * Names of lists and switches by which a gateway drops, renames or maps members of the request before it sends them on: LiteLLM's
 * `additional_drop_params`, `drop_params`, `modify_params`, `allowed_openai_params`, and the like, such as `param_map`.
 */
const takesAway = new RegExp(
  [
    `(?:${dropping}).*param`,
    `(?:${drop}|omit|renam).*${members}`,
    '(?:^|body|request|model|openai)map(?:p(?:ed|ing|ings))?.*param',
    `param.*(?:maps?$|mapp(?:ed|ing)|${dropping})`,
  ].join('|'),
)

const mayTakeAway = rememberNames((name) => {
  const plain = squashName(name)
  return plain.length <= maxNameChars && takesAway.test(plain)
})

/**
 * A visit that refuses what takes other members of the request away, or gives them other names, wherever it stands: what policy
 * read there would not be what the provider reads. `false`, `null` and an empty list take nothing away.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export const refuseDroppedMembers: Visit = ({ name, value, within, inContent }) => {
  if (inContent || !mayTakeAway(name)) return
  if (value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return
  // A property in a schema may be called `drop_params`: that describes an argument of a tool, and drops no member.
  if (typeof value === 'object' && within !== undefined && namesOfSchemas.test(within)) return
  throw new Refusal('request_malformed', {
    message: 'This member would drop or rename members of the request, and policy reads some of them.',
    help: 'Remove it.',
    param: name,
  })
}
