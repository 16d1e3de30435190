import { afterEach, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { forAnOpenGateway } from '../support/open-gateway.js'

let house: House
afterEach(() => house?.close())

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

  test('nor are characters that some servers take for the same', async () => {
    house = await open()
    for (const name of ['u\u017fer', 'u\\u017fer', '\uff55\uff53\uff45\uff52']) {
      expect(await sent(`{"${name}":"root",${messages}}`)).toBe(`{"user":"svc-acme",${messages}}`)
    }
    const twice = await fetch(`${house.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
      body: `{"user":"a","u\u017fer":"root",${messages}}`,
    })
    expect(twice.status).toBe(400)
  })

  test('other members that name a user name this one, and are not added', async () => {
    house = await open()
    expect(await sent(`{"safety_identifier":"root",${messages},"user":"root"}`)).toBe(
      `{"safety_identifier":"svc-acme",${messages},"user":"svc-acme"}`,
    )
  })

  test('each documented name of the user names this one, and another spelling of it is left out', async () => {
    house = await open()
    expect(
      await sent(`{"user_id":"root","end_user":{"id":"root"},"end_user_id":7,"customer_identifier":"root",${messages},"user":"root"}`),
    ).toBe(
      `{"user_id":"svc-acme","end_user":"svc-acme","end_user_id":"svc-acme","customer_identifier":"svc-acme",${messages},"user":"svc-acme"}`,
    )
    expect(await sent(`{"userId":"root","End-User":"root","safetyIdentifier":"root",${messages}}`)).toBe(`{"user":"svc-acme",${messages}}`)
    expect(await sent(`{"user_id":"root",${messages}}`, house.callers.globex)).toBe(`{${messages}}`)
  })

  test('names of the user that single gateways read name this one too', async () => {
    house = await open()
    expect(
      await sent(`{"customUid":"root","custom_uid":"root","trace_user_id":"root","customer":{"id":"root"},${messages},"user":"root"}`),
    ).toBe(
      `{"customUid":"svc-acme","custom_uid":"svc-acme","trace_user_id":"svc-acme","customer":"svc-acme",${messages},"user":"svc-acme"}`,
    )
  })

  test('nor is a place among settings, from which a gateway may take it', async () => {
    house = await open()
    const ask = async (members: string): Promise<number> =>
      (
        await fetch(`${house.baseURL}/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
          body: `{${members},${messages}}`,
        })
      ).status
    for (const members of [
      '"extra_body":{"user":"root"}',
      '"extra_body":{"extra_body":{"safety-identifier":"root"}}',
      '"litellm_params":{"end_user_id":null}',
      '"__proto__":{"user":"root"}',
      '"options":[{"User":"root"}]',
      '"providerOptions":{"gateway":{"user":"root"}}',
      '"providerOptions":{"gateway":{"quotaEntityId":"root"}}',
      '"x":{"provider_options":[{"a":{"b":{"end_user":"root"}}}]}',
      '"extra_body":{"properties":{"user":"root"}}',
      '"trace":{"user_id":"root"}',
      '"extra_body":{"customUid":"root"}',
    ])
      expect(await ask(members), members).toBe(400)
    for (const members of [
      '"metadata":{"user":"ada"}',
      '"extra_body":{"metadata":{"user":"ada"},"users":1}',
      '"extra_body":{"guided_json":{"properties":{"user":{"type":"object","properties":{"user_id":{"type":"string"}}}}}}',
      '"x":{"customer":"ada"}',
      '"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"user":{"type":"string"}}}}}]',
    ])
      expect(await ask(members), members).toBe(200)
  })

  test('each API is told in its own place, and one that has none is told nothing', async () => {
    house = await openHouse({ gateway: 'mintoken', config: { policies: { pinUser: true } } })
    const ask = async (path: string, body: object): Promise<unknown> => {
      await fetch(`${house.baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return house.emulator.seen.at(-1)?.json
    }
    const anthropic = { model: 'claude', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] }
    expect(await ask('messages', anthropic)).toEqual({ metadata: { user_id: 'svc-acme' }, ...anthropic })
    expect(await ask('messages', { ...anthropic, metadata: { user_id: 'root', more: 1 } })).toEqual({
      ...anthropic,
      metadata: { user_id: 'svc-acme' },
    })
    const google = { model: 'gemini', contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }
    expect(await ask('generateContent', google)).toEqual(google)
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

forAnOpenGateway({ config: { policies: { pinUser: true } } }, (open) => {
  const names = [
    'user',
    'user_id',
    'end_user',
    'endUser',
    'safety_identifier',
    'extra_body[user]',
    'metadata[user_id]',
    'user[id]',
    'providerOptions[gateway][user]',
    'customUid',
    'metadata[_user]',
  ]
  const refused = [400, 'request_malformed', 0]
  const chat = `{"model":"small",${messages}}`
  const form = (name: string, file = ''): string => `--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\nroot\r\n--b--\r\n`
  const type = 'multipart/form-data; boundary=b'

  test.each(names)('where the user is pinned, a query and a form do not name one as %s', async (name) => {
    expect((await open().ask('POST', `chat/completions?${name}=root`, chat)).slice(0, 3)).toEqual(refused)
    expect((await open().ask('POST', 'audio/transcriptions', form(name), { type })).slice(0, 3)).toEqual(refused)
    expect((await open().ask('POST', 'audio/transcriptions', form(name, '; filename="a"'), { type })).slice(0, 3)).toEqual(refused)
  })

  test.each([
    '"metadata":{"user_id":"root"}',
    '"metadata":{"endUser":"root"}',
    '"litellm_metadata":{"user":"root"}',
    '"metadata":{"_user":"root"}',
    '"metadata":{"trace_user_id":"root"}',
  ])('where the user is pinned, tags do not name another: %s', async (tags) => {
    expect((await open().ask('POST', 'chat/completions', `{"model":"small",${tags},${messages}}`)).slice(0, 3)).toEqual(refused)
  })

  test('where the user is pinned, queries and forms that name none pass', async () => {
    expect(await open().ask('POST', 'chat/completions?metadata[user]=ada&users=1', chat)).toEqual([200, undefined, 1])
    expect(await open().ask('POST', 'audio/transcriptions', form('language'), { type })).toEqual([200, undefined, 1])
  })
})
