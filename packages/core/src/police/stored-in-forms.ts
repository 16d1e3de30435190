import type { VisitField } from '../read/form-fields.js'
import { refuseStored } from './stored-objects.js'
import { MemberWalk } from './visit-members.js'

/** What servers make of the texts of fields that are no texts. */
const literals: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['', null],
])

/**
 * The rule of {@link refuseStored} for a field of a form: `image[file_id]=x` is to a server what `{"image":{"file_id":"x"}}` is.
 *
 * @throws {Refusal} 403 `endpoint_not_allowed` that names the field.
 */
export const refuseStoredField: VisitField = (names, value) => {
  let member = literals.has(value) ? literals.get(value) : value
  // What stands in brackets may be nothing or a number, as in a list.
  for (const name of names.toReversed()) if (!/^\d*$/.test(name)) member = { [name]: member }
  if (typeof member === 'object' && member !== null)
    new MemberWalk(member as Readonly<Record<string, unknown>>, [refuseStored]).step(Infinity)
}
