import { answerFormats, type CompiledPointer, dialects, endpointsOf, reportPlaces } from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import { refuseReports } from '../../packages/core/src/police/refuse-reports.js'
import { forEachDoor } from '../support/for-each-door.js'
import { refusalOf } from '../support/refusal-of.js'

/** An object with a value at a place; `lists`: what may be a list is one. */
function withValueAt({ segments }: CompiledPointer, value: unknown, lists: boolean): Record<string, unknown> {
  return segments.reduceRight<unknown>((within, { name, each }) => ({ [name]: each && lists ? [{}, within] : within }), value) as Record<
    string,
    unknown
  >
}

/** Every place of every dialect, in the answers of each format that it has. */
const all = Object.values(dialects).flatMap((dialect) => {
  const formats = new Set(Object.values(dialect.endpoints).flatMap((entry) => endpointsOf(entry).map(({ format }) => format)))
  return [...formats, ...Object.values(answerFormats)].flatMap((format) =>
    reportPlaces(dialect, format).flatMap(({ places }) => places.map((place) => ({ dialect, format, place }))),
  )
})

describe('bill-that-the-caller-writes', () => {
  test('a request says nothing at any place where a gateway reports what a call used, cost or ran as', () => {
    expect(all.length).toBeGreaterThan(100)
    for (const { dialect, format, place } of all) {
      for (const value of [0, '0.0', -1, 'cheap', { a: 1 }, false]) {
        for (const lists of [false, true]) {
          const body = { model: 'm', ...withValueAt(place, value, lists) }
          expect(refusalOf(() => refuseReports(dialect, format, body))).toMatchObject({ code: 'request_malformed' })
        }
      }
    }
  })

  test.each([
    ['tags', { metadata: { team: 'growth', request_id: 'r-1', run: 'a' } }],
    ['tags in a list', { metadata: [{ team: 'growth' }] }],
    ['a wish for the usage', { usage: { include: true }, stream_options: { include_usage: true } }],
    ['a text in the place of an object', { metadata: 'billing', usage: 'usage' }],
    ['nothing at all', { metadata: null, usage: null, x_gateway: {} }],
    ['what is written inside the messages', { messages: [{ role: 'user', content: 'Hi', metadata: { billing: { credits_used: 0 } } }] }],
  ])('%s may stand in a request', (_, further) => {
    for (const { dialect, format } of all) expect(() => refuseReports(dialect, format, { model: 'm', ...further })).not.toThrow()
  })
})

forEachDoor({ gateway: 'joytoken' }, (house) => {
  test.each([
    ['credits', 'metadata.billing.credits_used', { metadata: { billing: { credits_used: 0 } } }],
    ['credits as a text, in a list', 'metadata.billing.credits_used', { metadata: [{}, { billing: { credits_used: '0.0' } }] }],
    ['a cheaper model', 'metadata.model', { metadata: { model: 'cheap' } }],
    ['tokens', 'usage.completion_tokens', { usage: { completion_tokens: 0 } }],
  ])('bill-that-the-caller-writes: %s', async (_, name, body) => {
    const answer = await house().chat({ body })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'request_malformed', param: name } })
  })

  test('bill-that-the-caller-writes: tags of the caller are passed on', async () => {
    expect((await house().chat({ body: { metadata: { team: 'growth', request_id: 'r-1' } } })).status).toBe(200)
  })
})
