import { splitQuery, readingsOf } from '../lib/query-names.js'
import { squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { unreadFile, type VisitField } from '../read/form-fields.js'
import { NestedNames } from '../read/nested-names.js'
import { readFieldText } from '../read/settings-texts.js'
import { nothingFree, type Place } from './callers-places.js'
import type { Members } from './callers-places.js'
import { MemberWalk, type Visit } from './visit-members.js'

/** Texts that servers turn into other JSON values. */
const literals: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['', null],
])

/**
 * Visits a form field or query parameter as if it were in a JSON body: a server reads `image[file_id]=x` like
 * `{"image":{"file_id":"x"}}`.
 *
 * @param names The names in its name, from the outermost.
 * @param place The members that the caller fills freely, which are not visited; by default those of a whole request.
 */
export function visitNamed(names: readonly string[], value: unknown, visits: readonly Visit[], place?: Place): void {
  let member = literals.has(value) ? literals.get(value) : value
  // Skip empty brackets and numbers: they are positions in a list.
  for (const each of names.toReversed()) if (!/^\d*$/.test(each)) member = { [each]: member }
  if (typeof member === 'object' && member !== null) new MemberWalk(member as Members, visits, { place }).step(Infinity)
}

/** The visits of a form's fields. */
export interface FieldVisits {
  /** For fields that are not files. */
  readonly fields: readonly Visit[]
  /** For files. Their content is not read, so the visits always get the text `\0`. */
  readonly files: readonly Visit[]
  /** For fields and files alike, and also where the caller fills members freely: whether one names a user. */
  readonly users: Visit | undefined
  /** The field that another rule checks; in another spelling it is refused. */
  readonly besides: string | undefined
}

/** Visits the fields of a form like members of a JSON body; `undefined` without visits. */
export function visitFields({ fields, files, users, besides }: FieldVisits): VisitField | undefined {
  if (fields.length === 0 && users === undefined) return undefined
  return (name, value, names) => {
    if (users !== undefined) visitNamed(names, value === unreadFile ? '\0' : value, [users], nothingFree)
    if (value === unreadFile) return visitNamed(names, '\0', files)
    if (name === besides) return
    if (squashName(name) === besides) throw spelledOtherwise(besides)
    visitNamed(names, value, fields)
  }
}

function spelledOtherwise(name: string): Refusal {
  return new Refusal('request_malformed', { message: `The field ${name} is written like this and not otherwise.`, param: name })
}

/** Visits the parameters of a query like members of a JSON body, in every way that servers read them. */
export function visitQuery(query: string, visits: readonly Visit[], place?: Place): void {
  if (query === '' || visits.length === 0) return
  const nested = new NestedNames()
  for (const pair of splitQuery(query))
    for (const { name, value } of readingsOf(pair))
      visitNamed(nested.read(name), readFieldText(name, value, { mayBeText: true, looksInContent: true }) ?? value, visits, place)
}
