import { type GovernanceRecord, parseGovernance, serializeGovernance } from '@postern/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

describe('a serialized governance record', () => {
  test('is one line of ASCII, so that it fits a header, whatever a model is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (model) => {
        const record: GovernanceRecord = { request_id: 'r', attempt: 1, model }
        const text = serializeGovernance(record)
        expect(text).toMatch(/^[\x20-\x7e]+$/)
        expect(parseGovernance(text)).toEqual(JSON.parse(JSON.stringify(record)))
      }),
    )
  })

  test.each([null, undefined, '', 'nonsense', '[]', '{"model":"x"}'])('is not read from %j', (text) => {
    expect(parseGovernance(text)).toBeUndefined()
  })
})
