import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { checkConfig } from '@postern/config'
import { forEachDoor } from '../support/for-each-door.js'

forEachDoor({ config: { mount: '/' } }, (house) => {
  test('with mount: / the API lives under /v1/, for the official client too', async () => {
    expect(house().baseURL).toBe(`${house().origin}/v1`)
    expect((await house().chat()).status).toBe(200)
    const openai = new OpenAI({ baseURL: `${house().origin}/v1`, apiKey: house().callers.acme })
    const { data, response } = await openai.chat.completions
      .create({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] })
      .withResponse()
    expect([data.choices.length, response.headers.get('postern-governance')]).toEqual([1, expect.stringContaining('"key":"acme"')])
  })

  test('sessions are begun at /session, and a caller is told its limits at /limits', async () => {
    const { token } = await house().minter.mint({ user: 'ada', team: 'acme' })
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${house().origin}/limits`, { headers })).status).toBe(200)
    expect((await fetch(`${house().origin}/session`, { method: 'DELETE', headers })).status).toBe(204)
    expect((await house().chat({ credential: token })).status).toBe(401)
  })

  test.each([
    ['/', 'The API lives under /v1/.'],
    ['/chat/completions', 'The API lives under /v1/. Ask for /v1/chat/completions.'],
    ['/ai/v1/models', 'The API lives under /v1/. Ask for /v1/models.'],
    ['/v1', 'The API lives under /v1/.'],
  ])('%s is told where the API lives', async (path, help) => {
    const answer = await fetch(house().origin + path, { headers: { authorization: `Bearer ${house().callers.acme}` } })
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining(help)])
  })

  test('paths outside of /v1/ reach no gateway', () => {
    expect(
      house()
        .emulator.seen.map(({ url }) => url)
        .filter((url) => !url.includes('/chat/completions')),
    ).toEqual([])
  })
})

test('with a backend, which no request would reach, mount: / is refused', () => {
  const config = { version: 1, mount: '/', backend: { url: 'http://127.0.0.1:3000' }, gateways: {}, keys: {}, bindings: [], callers: {} }
  const { problems } = checkConfig(config, { env: {}, directory: '.' })
  expect(problems.filter(({ path, severity }) => path === 'mount' && severity === 'error')).toHaveLength(1)
})
