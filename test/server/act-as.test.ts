import { type ActAs, actAs } from '@postern/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

describe('acting for somebody', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())

  test('is written as people write it', () => {
    expect(actAs({ project: 'labs', user: 'u_7', team: 'acme' })).toBe('user=u_7, team=acme, project=labs')
    expect(actAs({ team: 'acme', user: undefined })).toBe('team=acme')
  })

  test.each([
    'u_7',
    'ada@example.com',
    'team=globex, user=root',
    'single spaces between',
    '100 %',
    'Zoë Müller',
    '名前 🏰',
    'a"b\\c;d',
    'x'.repeat(256),
    '🏰'.repeat(200),
  ])('arrives as it was meant, whatever the name: %s', async (user) => {
    const answer = await house.chat({ credential: house.callers.delegate, headers: { 'Postern-Act-As': actAs({ user, team: 'acme' }) } })
    expect(answer.status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ user, team: 'acme', caller: 'delegate' })
  })

  test.each<[ActAs]>([
    [{}],
    [{ user: undefined }],
    [{ user: '' }],
    [{ user: 'a\nb' }],
    [{ user: ' spaces ' }],
    [{ user: 'two  spaces' }],
    [{ user: 'x'.repeat(257) }],
    [{ user: '\ud800' }],
    [{ user: 7 as unknown as string }],
    [{ user: 'u_7', role: 'admin' } as ActAs],
  ])('is not written for %j', (who) => {
    expect(() => actAs(who)).toThrow(TypeError)
  })
})
