import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSecretWindows } from '../../packages/ports/src/secret-windows.js'

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
