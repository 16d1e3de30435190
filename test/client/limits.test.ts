import { createPostern } from '@postern/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

let house: House
beforeAll(async () => {
  const rules = [
    { name: 'mine', each: 'user' as const, per: 'day' as const, requests: 2 },
    { name: 'of-all', requests: 100 },
  ]
  house = await openHouse({ config: { limits: { rules } } })
})
afterAll(() => house.close())

async function openFor(user: string) {
  const { token } = await house.minter.mint({ user, team: 'acme', ttl: '5m' })
  return createPostern({ url: house.baseURL, token: () => Promise.resolve(token) })
}

test('a page sees what its user has left, and the refusal when nothing is', async () => {
  const postern = await openFor('ada')
  const openai = postern.openai({ maxRetries: 0 })
  const mine = async () => (await postern.limits()).find(({ name }) => name === 'mine')
  expect(await mine()).toMatchObject({ unit: 'requests', limit: 2, left: 2, each: 'user', per: 'day' })
  const ask = () => openai.chat.completions.create({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] })
  await ask()
  expect(await mine()).toMatchObject({ left: 1 })
  await ask()
  await expect(ask()).rejects.toMatchObject({ status: 429, code: 'rate_limited' })
  expect(await mine()).toMatchObject({ left: 0 })
  expect((await (await openFor('bob')).limits()).find(({ name }) => name === 'mine')).toMatchObject({ left: 2 })
})

test('who may not ask is told why', async () => {
  const postern = createPostern({ url: house.baseURL, token: () => Promise.resolve('no token at all') })
  await expect(postern.limits()).rejects.toMatchObject({ status: 401, code: 'caller_invalid', message: expect.stringContaining('not') })
})
