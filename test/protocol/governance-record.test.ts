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

  test('says all that is known and nothing that is not, as JSON would', () => {
    const text = fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined })
    const count = fc.option(fc.nat(), { nil: undefined })
    const amount = fc.double({ noNaN: true, noDefaultInfinity: true })
    const fields = {
      request_id: fc.string(),
      attempt: fc.nat(),
      workflow: text,
      workflow_verified: fc.option(fc.boolean(), { nil: undefined }),
      step: text,
      gateway: text,
      key: text,
      model_requested: text,
      model: text,
      provider: text,
      failover: fc.option(fc.boolean(), { nil: undefined }),
      tier: text,
      usage: fc.option(
        fc.record(
          {
            source: fc.constantFrom('answer', 'stream', 'gateway_metadata'),
            input: fc.nat(),
            output: fc.nat(),
            cached: fc.nat(),
            reasoning: fc.nat(),
            total: fc.nat(),
          },
          { requiredKeys: ['source'] },
        ),
        { nil: undefined },
      ),
      cost: fc.option(fc.record({ amount, unit: fc.string() }), { nil: undefined }),
      budget_left: fc.option(fc.record({ amount, unit: fc.string(), rule: fc.string() }), { nil: undefined }),
      clamped: fc.option(fc.record({ ceiling: fc.nat(), asked: fc.nat() }, { requiredKeys: ['ceiling'] }), { nil: undefined }),
      quota: fc.option(
        fc.record({ used: fc.nat(), limit: fc.nat(), unit: fc.constant('tokens' as const) }, { requiredKeys: ['used', 'unit'] }),
        {
          nil: undefined,
        },
      ),
      intensity: text,
      gateway_request_id: text,
      gateway_ms: count,
      retry_after: count,
      finish: fc.constantFrom('complete', 'refused', 'upstream_error', 'truncated', 'client_closed', 'cut_budget', undefined),
      ended_without_mark: fc.option(fc.boolean(), { nil: undefined }),
      overhead_ms: fc.option(amount, { nil: undefined }),
    } satisfies Record<keyof GovernanceRecord, unknown>
    const records: fc.Arbitrary<GovernanceRecord> = fc.record(fields)
    fc.assert(
      fc.property(records, (record) => {
        expect(JSON.parse(serializeGovernance(record))).toEqual(JSON.parse(JSON.stringify(record)))
      }),
    )
  })

  test.each([null, undefined, '', 'nonsense', '[]', '{"model":"x"}'])('is not read from %j', (text) => {
    expect(parseGovernance(text)).toBeUndefined()
  })
})
