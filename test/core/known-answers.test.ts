import { describe, expect, test } from 'vitest'
import { createKnownAnswers, type KnownAnswers } from '../../packages/identity/src/forward-auth/known-answers.js'
import type { Principal } from '../../packages/ports/src/principal.js'

const principal = (user: string | undefined): Principal => ({
  ...(user === undefined ? {} : { user }),
  via: 'forwardAuth',
  caller: 'forwardAuth',
  delegate: false,
})

function learn(known: KnownAnswers, session: string, user: string | undefined): void {
  known.end(known.begin(`${session}'s question`, [session, 'shared']), principal(user), 60_000)
}

describe('the memory of the backend’s answers', () => {
  test.each([0, 1, 15, 16, 17, 100, 5000])('knows a cookie that two users share, after %i answers about one of them', (before) => {
    const known = createKnownAnswers()
    for (let each = 0; each < before; each += 1) learn(known, `ada ${each}`, 'ada')
    expect(known.distinctive(['ada 0', 'shared'])).toEqual(['ada 0', 'shared'])
    learn(known, 'ada once more', 'ada')
    learn(known, 'grace', 'grace')
    expect(known.distinctive(['ada once more', 'grace', 'shared'])).toEqual(['ada once more', 'grace'])
  })

  test('takes a cookie for shared only as long as it knows two users', () => {
    const known = createKnownAnswers()
    for (const [session, user] of [
      ['a', 'ada'],
      ['b', 'ada'],
      ['g', 'grace'],
    ] as const)
      learn(known, session, user)
    known.forget(['a'])
    expect(known.distinctive(['shared'])).toEqual([])
    known.forget(['g'])
    expect(known.distinctive(['shared'])).toEqual(['shared'])
    learn(known, 'g', 'grace')
    expect(known.distinctive(['shared'])).toEqual([])
    learn(known, 'g', 'ada')
    expect(known.distinctive(['shared'])).toEqual(['shared'])
  })

  test('takes answers without a user, and those that it forgot while they were asked, for no user', () => {
    const known = createKnownAnswers()
    learn(known, 'a', 'ada')
    learn(known, 'n', undefined)
    const asked = known.begin('asked', ['g', 'shared'])
    known.forget(['g'])
    known.end(asked, principal('grace'), 60_000)
    expect(known.distinctive(['shared'])).toEqual(['shared'])
    known.end(known.begin('brief', ['g', 'shared']), principal('grace'), 0)
    expect(known.distinctive(['shared'])).toEqual(['shared'])
  })
})
