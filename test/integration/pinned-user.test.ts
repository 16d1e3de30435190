import { afterEach, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

let house: House
afterEach(() => house.close())

/** The body that reaches the gateway of one that a caller sent. */
async function sent(body: string, credential?: string): Promise<string | undefined> {
  const answer = await fetch(`${house.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential ?? house.callers.acme}`, 'content-type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(200)
  return house.emulator.seen.at(-1)?.body.toString('utf8')
}

const messages = '"messages":[{"role":"user","content":"the user said: \\"user\\""}]'

describe('where policy pins the user', () => {
  const open = (policies: object = { pinUser: true }): Promise<House> => openHouse({ config: { policies } })

  test('what a client writes is replaced by who it is, and nothing else changes', async () => {
    house = await open()
    expect(await sent(`{ "user" : "root", "seed":12345678901234567890, ${messages} }`)).toBe(
      `{ "user" :"svc-acme", "seed":12345678901234567890, ${messages} }`,
    )
    expect(await sent(`{${messages},"user":{"name":["root"]}}`)).toBe(`{${messages},"user":"svc-acme"}`)
    expect(await sent(`{"us\\u0065r":"root",${messages}}`)).toBe(`{"us\\u0065r":"svc-acme",${messages}}`)
  })

  test('another case of the name is no way around: some servers read it all the same', async () => {
    house = await open()
    expect(await sent(`{"User":"root",${messages}}`)).toBe(`{"user":"svc-acme",${messages}}`)
    expect(await sent(`{${messages},"USER":"root"}`, house.callers.globex)).toBe(`{${messages}}`)
  })

  test('who says nothing is named', async () => {
    house = await open()
    expect(await sent(` {${messages}}`)).toBe(` {"user":"svc-acme",${messages}}`)
  })

  test('the user of a token is named with all the characters that a name can have', async () => {
    house = await open()
    const { token } = await house.minter.mint({ user: 'Jürgen "Jo" \\ 李', team: 'acme' })
    expect(JSON.parse((await sent(`{${messages},"user":"root"}`, token)) as string)).toMatchObject({ user: 'Jürgen "Jo" \\ 李' })
  })

  test('a caller that is nobody in particular cannot be somebody', async () => {
    house = await open()
    expect(await sent(`{"user":"root",${messages}}`, house.callers.globex)).toBe(`{${messages}}`)
  })

  test('it holds for whom a rule names', async () => {
    house = await open({ rules: [{ team: 'globex', pinUser: true }] })
    expect(await sent(`{"user":"session-7",${messages}}`)).toBe(`{"user":"session-7",${messages}}`)
    expect(await sent(`{"user":"session-7",${messages}}`, house.callers.globex)).toBe(`{${messages}}`)
  })
})

test('where policy does not, a body passes byte for byte', async () => {
  house = await openHouse()
  expect(await sent(`{ "user" : "session-7" , ${messages} }`)).toBe(`{ "user" : "session-7" , ${messages} }`)
})
