import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { createSecretWindows, SecretWindows } from '../../packages/ports/src/secret-windows.js'

describe('loaded secrets are found', () => {
  const secrets = Array.from({ length: 20_000 }, () => randomBytes(24).toString('base64url'))
  const find = createSecretWindows([...secrets, 'a-b-c', 'same-beginning-1', 'same-beginning-2', ''])

  test('wherever they stand, however many there are', () => {
    for (const secret of secrets.filter((_, index) => index % 97 === 0)) {
      for (const before of ['', 'x', `${secret.slice(0, 12)}!`, `${secret.slice(0, -1)}!`]) {
        const text = `${before}${secret}${secret.slice(0, 3)}`
        expect(find(text)).toEqual({ start: before.length, end: before.length + secret.length })
      }
    }
    expect(find('x a-b-c')).toEqual({ start: 2, end: 7 })
    expect(find('--same-beginning-2--')).toEqual({ start: 2, end: 18 })
  })

  test('also where the end of a text cuts them off, and not where a text only begins alike', () => {
    const [secret = ''] = secrets
    expect(find(`a ${secret.slice(0, 20)}`)).toEqual({ start: 2, end: 22 })
    expect(find(`a ${secret.slice(0, 20)}!`)).toBeUndefined()
    expect(find('an ordinary path /v1/chat/completions')).toBeUndefined()
  })
})

describe('secrets that begin alike', () => {
  const alphabet = ['a', 'b', 'c']
  /** All texts of up to three letters behind one beginning: nested, neighbours, and cut off in every way. */
  const endings = alphabet.flatMap((one) => [one, ...alphabet.flatMap((two) => [one + two, ...alphabet.map((three) => one + two + three)])])

  test('are found as a search for each of them alone finds them, the longest one of all', () => {
    for (let round = 0; round < 60; round += 1) {
      const secrets = endings.filter(() => Math.random() < 0.3).map((ending) => `sk-or-v1${ending}`)
      const find = createSecretWindows(secrets)
      for (const ending of ['', ...endings]) {
        for (const behind of ['', '-', 'a', 'cc', '~']) {
          const text = `x sk-or-v1${ending}${behind}`
          const rest = text.slice(2)
          const whole = Math.max(0, ...secrets.filter((secret) => rest.startsWith(secret)).map(({ length }) => length))
          const cut = secrets.some((secret) => secret.startsWith(rest) && secret !== rest) ? rest.length : 0
          const expected = (length: number) => (length === 0 ? undefined : { start: 2, end: 2 + length })
          expect([secrets, text, find(text, true)]).toEqual([secrets, text, expected(whole)])
          expect([secrets, text, find(text)]).toEqual([secrets, text, expected(Math.max(whole, cut))])
        }
      }
    }
  })

  test('cost a text that repeats their beginning a few comparisons each time, however many they are', () => {
    const texts = 'sk-or-v1'.repeat(50)
    const comparisonsWith = (count: number): number => {
      const find = createSecretWindows(Array.from({ length: count }, () => `sk-or-v1-${randomBytes(24).toString('hex')}`))
      const looked = ['charCodeAt', 'startsWith'].map((name) => vi.spyOn(String.prototype, name as 'charCodeAt' | 'startsWith'))
      find(texts)
      const calls = looked.reduce((sum, { mock }) => sum + mock.calls.length, 0)
      for (const spy of looked) spy.mockRestore()
      return calls / 50
    }
    // Twice for each character of the text; then the beginning of each member that is looked at, one of each half.
    expect(comparisonsWith(20_000)).toBeLessThan(comparisonsWith(20) + 300)
  })
})

test('secrets that are loaded at once are found as those that came one by one, also where many stand there twice', () => {
  const letter = (): string => 'ab'[Math.floor(Math.random() * 2)] as string
  const ending = (): string => Array.from({ length: Math.floor(Math.random() * 5) }, letter).join('')
  for (let round = 0; round < 200; round += 1) {
    const secrets = Array.from({ length: 30 }, () => `same-be${letter()}${ending()}`)
    const [atOnce, oneByOne] = [new SecretWindows(secrets), new SecretWindows()]
    for (const secret of secrets) oneByOne.add(secret)
    const gone = secrets[0] as string
    for (const text of secrets.flatMap((secret) => [secret, `${secret}a`, `x${secret.slice(0, -1)}`, `${secret.slice(0, 8)}-`]))
      for (const onlyWhole of [true, false])
        expect([secrets, text, atOnce.find(text, onlyWhole)]).toEqual([secrets, text, oneByOne.find(text, onlyWhole)])
    for (const windows of [atOnce, oneByOne]) windows.remove(gone)
    expect(atOnce.find(gone, true)).toEqual(oneByOne.find(gone, true))
  }
})
