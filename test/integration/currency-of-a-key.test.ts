import { parseGovernance } from '@postern/protocol'
import type { ConfigInput } from '@postern/config'
import { describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

/** The configuration of a house whose key of acme is debited in another unit than its gateway's reports name. */
async function openWith(gateway: 'onysoft' | 'joytoken', currency: string | undefined): Promise<House> {
  const plain = await openHouse({ gateway })
  const { keys } = plain.runtime.config
  await plain.close()
  const changed = { ...keys, acme: { ...keys['acme'], ...(currency === undefined ? {} : { currency }) } } as ConfigInput['keys']
  return openHouse({ gateway, config: { keys: changed }, keys: plain.keys })
}

const unitsOf = async (house: House): Promise<readonly unknown[]> => {
  const answer = await house.chat()
  const stream = await house.chat({ body: { stream: true } })
  const record = parseGovernance(answer.headers.get('postern-governance'))
  const frame = parseGovernance(/: postern (.*)/.exec(await stream.text())?.[1])
  const { cost } = (await answer.json()) as { readonly cost?: { readonly amount: number; readonly currency: string } }
  await expect.poll(() => house.ledger.entries.length).toBe(2)
  expect(record?.cost?.amount).toBeGreaterThan(0)
  if (cost !== undefined) expect(record?.cost?.amount).toBe(cost.amount)
  return [record?.cost?.unit, frame?.cost?.unit, ...house.ledger.entries.map((entry) => entry.cost?.unit), cost?.currency]
}

describe('the unit of a reported cost', () => {
  test.each([
    ['onysoft', undefined, ['USD', 'USD', 'USD', 'USD', 'USD']],
    ['onysoft', 'TL', ['TRY', 'TRY', 'TRY', 'TRY', 'USD']],
    ['joytoken', 'EUR', ['EUR', 'EUR', 'EUR', 'EUR', undefined]],
  ] as const)(
    'of %s with currency %s is that of the key, in the record, the stream and the ledger, and the answer passes as it came',
    async (gateway, currency, expected) => {
      const house = await openWith(gateway, currency)
      try {
        expect(await unitsOf(house)).toEqual(expected)
      } finally {
        await house.close()
      }
    },
  )
})
