import { EMULATED_GATEWAYS } from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doorNames } from '../support/house.js'
import { contracts } from './cases/index.js'
import { openSubject, type OpenSubject } from './open-subject.js'

describe.each(EMULATED_GATEWAYS)('the contract of %s', (gateway) => {
  const cases = contracts[gateway]

  test('has a case for each of at least forty rows, each with a name of its own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40)
    expect(new Set(cases.map(({ table, row }) => `${table}: ${row}`)).size).toBe(cases.length)
  })

  describe.each(doorNames)('behind the %s door', (door) => {
    let opened: OpenSubject
    beforeAll(async () => {
      opened = await openSubject({ gateway, door })
    })
    afterAll(() => opened.close())
    test.each(cases.map((each) => [`${each.table}: ${each.row}`, each] as const))('%s', (_, each) => each.run(opened.subject))
  })
})
