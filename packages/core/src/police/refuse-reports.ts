import { type AnswerFormat, type Dialect, readAll, type ReportPlaces, reportPlaces } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import type { Members } from './callers-places.js'

/** Both are constants, of which there are few. */
const known = new WeakMap<Dialect, WeakMap<AnswerFormat, readonly ReportPlaces[]>>()

/**
 * Refuses a request that has a value where the gateway reports what a call used, cost or ran as. If the gateway repeated it in its answer,
 * the caller would have written its own bill.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export function refuseReports(dialect: Dialect, format: AnswerFormat, members: Members): void {
  for (const { member, places } of placesOf(dialect, format)) {
    const value = members[member]
    if (typeof value !== 'object' || value === null) continue
    const found = places.find((place) => readAll(members, place).length > 0)
    if (found === undefined) continue
    const name = found.segments.map((segment) => segment.name).join('.')
    throw new Refusal('request_malformed', {
      message: `"${name}" is where the gateway says of its answer what the call used, cost or ran as, so no request may have it.`,
      help: 'Leave the member out; tags of your own may have any other name.',
      param: name,
    })
  }
}

function placesOf(dialect: Dialect, format: AnswerFormat): readonly ReportPlaces[] {
  let ofDialect = known.get(dialect)
  if (ofDialect === undefined) known.set(dialect, (ofDialect = new WeakMap()))
  let places = ofDialect.get(format)
  if (places === undefined) ofDialect.set(format, (places = reportPlaces(dialect, format)))
  return places
}
