import { formatRequestId, parseRequestId, tagPattern } from '@postern/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const ulid = '01M7YJ8BK5CG96XG08JDFKVECK'

describe('a request id', () => {
  test('is workflow, step, ulid and attempt', () => {
    expect(formatRequestId({ workflow: 'onboarding-42', step: 'draft', ulid, attempt: 2 })).toBe(`onboarding-42.draft.${ulid}.2`)
  })

  test('has an underscore where a part is absent', () => {
    expect(formatRequestId({ ulid, attempt: 1 })).toBe(`_._.${ulid}.1`)
    expect(parseRequestId(`_._.${ulid}.1`)).toEqual({ workflow: undefined, step: undefined, ulid, attempt: 1 })
  })

  test('is read back as it was written, whatever the tags', () => {
    const tag = fc.stringMatching(tagPattern).filter((text) => text !== '_')
    fc.assert(
      fc.property(tag, tag, fc.integer({ min: 0, max: 9999 }), (workflow, step, attempt) => {
        const parts = { workflow, step, ulid, attempt }
        expect(parseRequestId(formatRequestId(parts))).toEqual(parts)
      }),
    )
  })

  test.each(['', 'a.b.c.1', `a.b.${ulid}`, `a.b.${ulid}.x`, `a b.c.${ulid}.1`, `a.b.${ulid.toLowerCase()}.1`, `a.b.c.${ulid}.1`])(
    'is not made of %j',
    (text) => {
      expect(parseRequestId(text)).toBeUndefined()
    },
  )
})
