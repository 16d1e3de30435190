import { namesIn, partsOf, readingsOf } from '../lib/query-names.js'
import { squashName } from '../lib/squash-name.js'
import { Refusal } from '../refusal.js'
import { unreadFile, type VisitField } from '../read/form-fields.js'
import { readJsonText } from '../read/json-text.js'
import { type Members, MemberWalk, type Visit } from './visit-members.js'

/** What servers make of the texts of fields that are no texts. */
const literals: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['', null],
])

/**
 * Visits what a name and a value outside of a JSON body say as if it stood in one: `image[file_id]=x` is to a server what
 * `{"image":{"file_id":"x"}}` is.
 */
export function visitNamed(name: string, value: unknown, visits: readonly Visit[]): void {
  let member = literals.has(value) ? literals.get(value) : value
  // What stands in brackets may be nothing or a number, as in a list.
  for (const each of namesIn(name).toReversed()) if (!/^\d*$/.test(each)) member = { [each]: member }
  if (typeof member === 'object' && member !== null) new MemberWalk(member as Members, visits).step(Infinity)
}

/** Those who look at what a form holds. */
export interface FieldVisits {
  /** They look at fields. */
  readonly fields: readonly Visit[]
  /** They look at files, which they see as texts that nobody can read. */
  readonly files: readonly Visit[]
  /** The field that is looked at by itself, spelled like this. */
  readonly besides: string | undefined
}

/** Looks at the fields of a form as at members of a JSON body; `undefined` where nobody looks. */
export function visitFields({ fields, files, besides }: FieldVisits): VisitField | undefined {
  if (fields.length === 0) return undefined
  return (name, value) => {
    if (value === unreadFile) return visitNamed(name, '\0', files)
    if (name === besides) return
    if (squashName(name) === besides) throw spelledOtherwise(besides)
    visitNamed(name, value, fields)
  }
}

function spelledOtherwise(name: string): Refusal {
  return new Refusal('request_malformed', { message: `The field ${name} is written like this and not otherwise.`, param: name })
}

/** Looks at the parameters of a query as at members of a JSON body, in every way that servers read them. */
export function visitQuery(query: string, visits: readonly Visit[]): void {
  if (query === '' || visits.length === 0) return
  for (const pair of partsOf(query))
    for (const { name, value } of readingsOf(pair))
      visitNamed(name, readJsonText(value, { mayBeText: true, looksInContent: true }) ?? value, visits)
}
