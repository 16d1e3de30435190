import type { ConfigInput } from '@postern/config'
import { parseGovernance } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BillingGateway, startBillingGateway } from '../support/billing-gateway.js'
import { doorNames, type House, openHouse } from '../support/house.js'

const limits: ConfigInput['limits'] = {
  prices: { version: '1', prices: [{ model: 'm', unit: 'USD', perMillion: { input: 1000, output: 1000 }, maxOutput: 200 }] },
}

describe.each(doorNames)('a session with maxSpend, behind the %s door', (door) => {
  let gateway: BillingGateway
  let house: House
  beforeAll(async () => {
    gateway = await startBillingGateway()
    house = await openHouse({ door, config: { gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL } }, limits } })
  })
  afterAll(async () => {
    await house.close()
    await gateway.close()
  })

  const chat = (token: string, headers: object = {}): Promise<Response> =>
    fetch(`${house.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
    })

  test('pays for calls until its money is spent, and never for more, however many come at once', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', maxSpend: '1 USD' })
    const before = gateway.bill.length
    const first = await chat(token, { 'sec-fetch-site': 'same-origin' })
    // Also a page is told what is left of its own session.
    expect(parseGovernance(first.headers.get('postern-governance'))?.budget_left).toMatchObject({ unit: 'USD', rule: 'session' })
    const statuses: number[] = []
    for (let round = 0; round < 6; round += 1)
      statuses.push(...(await Promise.all(Array.from({ length: 5 }, () => chat(token)))).map(({ status }) => status))
    expect(statuses).toContain(200)
    expect(statuses.at(-1)).toBe(402)
    expect(new Set(statuses.filter((status) => status !== 200))).toEqual(new Set([402, 429]))
    const spent = gateway.bill.slice(before).reduce((sum, { input, output }) => sum + (input + output) * 1_000_000, 0)
    expect(spent).toBeLessThanOrEqual(1_000_000_000)
    expect(spent).toBeGreaterThan(500_000_000)
  })

  test('has an account of its own: another session of the same user, or one without the bound, goes on', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', maxSpend: '0.000001 USD' })
    expect((await chat(token)).status).toBe(402)
    const { token: other } = await house.minter.mint({ user: 'ada', team: 'acme', maxSpend: '1 USD' })
    expect((await chat(other)).status).toBe(200)
    const { token: unbound } = await house.minter.mint({ user: 'ada', team: 'acme' })
    expect((await chat(unbound)).status).toBe(200)
    const answer = await fetch(`${house.origin}/ai/limits`, { headers: { authorization: `Bearer ${other}` } })
    expect(await answer.json()).toMatchObject({ limits: [{ name: 'session', unit: 'USD', limit: 1, each: 'session' }] })
  })

  test('in a unit without prices is refused with words for the operator', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', maxSpend: '5 credits' })
    const answer = await chat(token)
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { code: 'ceiling_required', message: expect.stringContaining('credits') } },
    ])
  })

  test.each(['2', 'USD', '0 USD', '0.0 USD', '-1 USD', '1 usd', '1e3 USD', '1 XXXX', '', '1.0000000001 USD'])(
    'is not minted for "%s"',
    async (maxSpend) => {
      await expect(house.minter.mint({ user: 'ada', team: 'acme', maxSpend })).rejects.toThrow('"maxSpend" is an amount above 0')
    },
  )
})
