import { compileNamePattern } from '@postern/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** The same pattern for JavaScript's own matcher, which is right and not fast. */
const asRegExp = (pattern: string): RegExp => new RegExp(`^${pattern.replaceAll(/[^*\w]/g, String.raw`\$&`).replaceAll('*', '[^]*')}$`)

describe('a pattern of names', () => {
  test.each([
    ['gpt', 'gpt', true],
    ['gpt', 'gpt-4', false],
    ['gpt', 'a-gpt', false],
    ['gpt', 'gpu', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything at all', true],
    ['gpt-*', 'gpt-', true],
    ['gpt-*', 'gpt-4', true],
    ['gpt-*', 'gpt', false],
    ['*-mini', '-mini', true],
    ['*-mini', 'a-mini', true],
    ['*-mini', 'a-mini-b', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*b*c', 'a-b-', false],
    ['a*bb*c', 'abc', false],
    ['a**c', 'abc', true],
    ['a.c', 'abc', false],
    ['*aab*', 'aaab', true],
    ['*abab*c', 'abaabababc', true],
    ['*abcabd*', 'abcabcabd', true],
    ['*aabb*', 'aababb', false],
    ['x*aa*aa*y', 'xaaay', false],
    ['x*aa*aa*y', 'xaaaay', true],
  ])('%j matches %j: %j', (pattern, text, matches) => {
    expect(compileNamePattern(pattern)(text)).toBe(matches)
  })

  test('matches what a regular expression of the same meaning matches', () => {
    const texts = fc.stringMatching(/^[ab]{0,14}$/)
    const patterns = fc.stringMatching(/^[ab*]{0,9}$/)
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        expect(compileNamePattern(pattern)(text)).toBe(asRegExp(pattern).test(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('looks at each character of a text a few times at most', () => {
    const length = 20_000
    let looks = 0
    const text = {
      length,
      charCodeAt: (index: number) => {
        looks += 1
        return index === length - 1 ? 0x62 : 0x61
      },
    }
    expect(compileNamePattern(`*${'a'.repeat(1000)}c*`)(text)).toBe(false)
    expect(looks).toBeLessThan(3 * length)
  })
})
