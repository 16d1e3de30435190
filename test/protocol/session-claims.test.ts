import { sessionClaims } from '@postern/protocol'
import { describe, expect, test } from 'vitest'

const life = { id: 'one', issuedAt: 1, expiresAt: 2 }

describe('the data of an application in a session', () => {
  test.each(['a', 'ü', '人', '\u{1f600}', '\ud800'])('is measured in bytes of its JSON: %j', (unit) => {
    const size = Buffer.byteLength(JSON.stringify(unit)) - 2
    const most = Math.floor(4094 / size)
    expect(sessionClaims({ user: 'ada', ext: unit.repeat(most) }, life)['ext']).toBe(unit.repeat(most))
    expect(() => sessionClaims({ user: 'ada', ext: unit.repeat(most + 1) }, life)).toThrow('4096 bytes')
  })
})
