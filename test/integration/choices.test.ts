import { parseGovernance } from '@postern/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

let house: House
afterEach(() => house.close())

interface Asked {
  readonly header?: string
  readonly query?: string
  readonly credential?: string
}

/** What reaches the gateway of a request that says this of its intensity. */
async function reached({ header, query = '', credential = house.callers.acme }: Asked = {}) {
  const answer = await fetch(`${house.baseURL}/chat/completions${query}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${credential}`,
      ...(header === undefined ? {} : { 'X-Mintoken-Intensity': header }),
    },
    body: JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  const seen = house.emulator.seen.at(-1)
  return {
    status: answer.status,
    headers: seen?.headers.filter(([name]) => name.toLowerCase() === 'x-mintoken-intensity').map(([, value]) => value),
    url: seen?.url,
    record: parseGovernance(answer.headers.get('postern-governance')),
  }
}

const open = (policies: object = {}): Promise<House> => openHouse({ gateway: 'mintoken', config: { policies } })

describe('how strongly Mintoken compresses', () => {
  test('is the gateway’s own default where policy says nothing, whatever the client says', async () => {
    house = await open()
    expect(
      await reached({ header: 'ultra', query: '?intensity=ultra&trace=a%20b&Intensity=x&a=1;intensity=ultra&intensity[]=ultra&b=;c' }),
    ).toMatchObject({
      status: 200,
      headers: [],
      url: '/v1/chat/completions?trace=a%20b&b=;c',
      record: { intensity: 'full', gateway_ms: expect.any(Number) },
    })
    expect((await reached({ query: '?intensity=lite' })).url).toBe('/v1/chat/completions')
    expect((await reached({ query: '?in%74ensity=lite' })).url).toBe('/v1/chat/completions')
  })

  test('is what policy says, whatever the client says', async () => {
    house = await open({ choices: { intensity: 'lite' } })
    expect(await reached({ header: 'ultra', query: '?intensity=ultra' })).toMatchObject({
      headers: ['lite'],
      record: { intensity: 'lite' },
    })
  })

  test('is the caller’s to choose where policy leaves it to the caller, and only what there is', async () => {
    house = await open({ choices: { intensity: 'lite' }, rules: [{ team: 'acme', choices: { intensity: 'caller' } }] })
    expect(await reached({ header: 'ultra' })).toMatchObject({ headers: ['ultra'], record: { intensity: 'ultra' } })
    expect(await reached({ query: '?intensity=full' })).toMatchObject({ headers: ['full'], url: '/v1/chat/completions' })
    expect(await reached()).toMatchObject({ headers: [], record: { intensity: 'full' } })
    expect(await reached({ header: 'ultra', credential: house.callers.globex })).toMatchObject({ headers: ['lite'] })
    const before = house.emulator.seen.length
    expect(await reached({ header: 'max' })).toMatchObject({ status: 400 })
    expect(await reached({ query: '?intensity=max' })).toMatchObject({ status: 400 })
    expect(house.emulator.seen).toHaveLength(before)
  })
})
