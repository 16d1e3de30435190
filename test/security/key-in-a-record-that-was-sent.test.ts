import { createAccount, LedgerPace } from '@postern/core'
import { createRedactor, type Ledger, LiveSecrets, Secret, Stopwatch } from '@postern/ports'
import { type GovernanceRecord, serializeGovernance } from '@postern/protocol'
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'

const loaded = randomBytes(24).toString('base64url')

/** Each member of a record in which a client or a gateway writes, with its whole value. */
const writtenByOthers: readonly ((said: string) => Partial<GovernanceRecord>)[] = [
  (said) => ({ request_id: `w.s.${said}.1` }),
  (said) => ({ workflow: said }),
  (said) => ({ step: said }),
  (said) => ({ model_requested: said }),
  (said) => ({ model: said }),
  (said) => ({ provider: said }),
  (said) => ({ tier: said }),
  (said) => ({ intensity: said }),
  (said) => ({ gateway_request_id: said }),
  (said) => ({ cost: { amount: 1, unit: said } }),
]

/** What a ledger that writes text gets, beside the entry, of a call whose client got the record as `told`. */
function textGiven(record: GovernanceRecord, isCut = false): string | undefined {
  const given: (string | undefined)[] = []
  const ledger: Ledger = { append: (_entry, _keeping, text) => void given.push(text), flush: () => Promise.resolve() }
  const redactor = createRedactor([new Secret(loaded)])
  const account = createAccount({ ledger, pace: new LedgerPace(ledger), witness: () => {}, redactor, isCut: () => isCut })
  account({
    arrival: { method: 'POST', path: '/v1/chat/completions', watch: new Stopwatch() },
    tags: { requestId: record.request_id, attempt: 1, trace: { traceId: '0af7651916cd43dd8448eb211c80319c' } },
    outcome: { finish: record.finish, status: 200, record, told: serializeGovernance(record) },
  } as never)
  expect(given).toHaveLength(1)
  return given[0]
}

function recordWith(members: Partial<GovernanceRecord>): GovernanceRecord {
  return { request_id: 'w.s.01ARZ3NDEKTSV4RRFFQ69G5FAV.0', attempt: 0, workflow: 'w', step: 's', finish: 'complete', ...members }
}

describe('the text of a record that a client got', () => {
  test('is given to the log where nothing in it is redacted', () => {
    const record = recordWith({ model: 'gpt', cost: { amount: 1, unit: 'USD' } })
    expect(textGiven(record)).toBe(serializeGovernance(record))
  })

  test.each(writtenByOthers.map((write) => [Object.keys(write(''))[0] as string, write] as const))(
    'is not given to the log if a loaded key stands in %s',
    (_, write) => {
      expect(textGiven(recordWith(write('plain')))).toContain('plain')
      expect(textGiven(recordWith(write(loaded)))).toBeUndefined()
    },
  )

  test('is not given to the log if the log says another ending', () => {
    const record = recordWith({ finish: 'client_closed' })
    expect(textGiven(record)).toBe(serializeGovernance(record))
    expect(textGiven(record, true)).toBeUndefined()
  })
})

test('a text that was logged before is a secret all the same once a secret like it is loaded', () => {
  const live = new LiveSecrets()
  const { redactOften, holdsSecret } = createRedactor([], 0, live)
  const text = `run-${loaded}`
  expect([redactOften(text), holdsSecret(text)]).toEqual([text, false])
  live.add(new Secret(loaded))
  expect([redactOften(text), holdsSecret(text)]).toEqual(['run-[redacted]', true])
})
