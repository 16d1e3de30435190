import { describe, expect, test } from 'vitest'
import { createFieldIndex } from '../../packages/core/src/lib/field-index.js'
import { createPolicyFinder, type PolicyRule } from '../../packages/core/src/police/policies.js'
import type { Principal } from '../../packages/ports/src/principal.js'

const principal = (fields: Partial<Principal>): Principal => ({ via: 'service', caller: 'one', delegate: false, ...fields })
const megabyte = 1024 * 1024

describe('the policy of a caller', () => {
  /** Every combination of who a rule names and who calls, told by hand. */
  const rules: readonly PolicyRule[] = [
    { maxTokens: 1000 },
    { team: 'acme', maxTokens: 500, choices: { intensity: 'low' } },
    { user: 'ada', maxTokens: 400 },
    { user: 'ada', team: 'acme', maxTokens: 300, choices: { intensity: 'high' } },
    { project: 'labs', maxTokens: 200 },
    { user: 'ada', team: 'acme', project: 'labs', maxTokens: 100 },
    { team: 'acme', choices: { intensity: 'middle' } },
    { team: 'globex', models: ['small'], pinUser: true },
  ]
  /** Made in each test: what a test file makes while it is read belongs to no test, and fails none if it throws. */
  const makeFinder = () => createPolicyFinder(rules, megabyte)

  test.each<[Partial<Principal>, number | undefined, string | undefined]>([
    [{}, 1000, undefined],
    [{ user: 'eve' }, 1000, undefined],
    [{ user: 'ada' }, 400, undefined],
    [{ team: 'acme' }, 500, 'middle'],
    [{ user: 'ada', team: 'acme' }, 300, 'middle'],
    [{ project: 'labs' }, 200, undefined],
    [{ user: 'ada', project: 'labs' }, 200, undefined],
    [{ user: 'ada', team: 'acme', project: 'labs' }, 100, 'middle'],
    [{ user: 'acme', team: 'ada' }, 1000, undefined],
  ])('is made of every rule that names nobody else: %j may ask for %s tokens', (fields, maxTokens, intensity) => {
    const policy = makeFinder()(principal(fields))
    expect([policy.maxTokens, policy.choices['intensity'], policy.pinUser]).toEqual([maxTokens, intensity, false])
  })

  test('is the same object for callers whom the same rules name', () => {
    const find = makeFinder()
    expect(find(principal({ team: 'acme', user: 'eve' }))).toBe(find(principal({ team: 'acme', user: 'bob' })))
    expect(find(principal({ team: 'globex' }))).toMatchObject({ namesModels: true, pinUser: true })
  })

  test('is found without a look at the rules of others', () => {
    let looks = 0
    const many = Array.from(
      { length: 10_000 },
      (_, index): PolicyRule => ({
        get team() {
          looks += 1
          return `team-${index}`
        },
        maxTokens: index + 1,
      }),
    )
    const findAmongMany = createPolicyFinder(many, megabyte)
    looks = 0
    expect(findAmongMany(principal({ team: 'team-7777' })).maxTokens).toBe(7778)
    expect(looks).toBe(0)
  })

  test('is kept for ten thousand combinations of rules, and made anew after one more', () => {
    const many = Array.from({ length: 10_001 }, (_, index): PolicyRule => ({ user: `user-${index}`, maxTokens: index + 1 }))
    const findAmongMany = createPolicyFinder(many, megabyte)
    const first = findAmongMany(principal({ user: 'user-0' }))
    for (let index = 1; index < 10_000; index += 1) findAmongMany(principal({ user: `user-${index}` }))
    expect(findAmongMany(principal({ user: 'user-0' }))).toBe(first)
    findAmongMany(principal({ user: 'user-10000' }))
    expect(findAmongMany(principal({ user: 'user-0' }))).not.toBe(first)
    expect(findAmongMany(principal({ user: 'user-0' }))).toEqual(first)
  })

  test('stays right when more combinations were asked for than are kept', () => {
    const many = Array.from({ length: 12_000 }, (_, index): PolicyRule => ({ user: `user-${index}`, maxTokens: index + 1 }))
    const findAmongMany = createPolicyFinder(many, megabyte)
    for (const round of [1, 2])
      for (let index = 0; index < many.length; index += 1)
        if (findAmongMany(principal({ user: `user-${index}` })).maxTokens !== index + 1) throw new Error(`round ${round}, user-${index}`)
  })
})

describe('an index by fields', () => {
  const shapes = [['a', 'b'], ['a'], []] as const
  const makeIndex = () =>
    createFieldIndex<'a' | 'b', { a?: string; b?: string; name: string }>(
      shapes,
      [{ name: 'nobody' }, { a: '1', name: 'one' }, { a: '1', b: '2', name: 'both' }, { a: '1', name: 'one again' }],
      ({ a, b }) => ({ a, b }),
    )

  test('finds first what names most, and of equals the last', () => {
    const index = makeIndex()
    expect([{ a: '1', b: '2' }, { a: '1', b: '3' }, { b: '2' }].map((asked) => index.first(asked)?.name)).toEqual([
      'both',
      'one again',
      'nobody',
    ])
  })

  test('finds all that match', () => {
    expect(
      makeIndex()
        .all({ a: '1', b: '2' })
        .map(({ name }) => name),
    ).toEqual(['both', 'one', 'one again', 'nobody'])
  })
})
