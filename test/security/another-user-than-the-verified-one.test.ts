import { describe, expect, test } from 'vitest'
import { openHouse } from '../support/house.js'
import { forAnOpenGateway } from '../support/open-gateway.js'

const chat = { model: 'small', messages: [{ role: 'user', content: 'Hello' }] }
const refused = [400, 'request_malformed', 0]
const passed = [200, undefined, 1]

describe('where the user is pinned', () => {
  forAnOpenGateway({ config: { policies: { pinUser: true } } }, (open) => {
    test.each<[members: string]>(
      [
        { orq: { identity: { id: 'root' } } },
        { orq: { contact: 'root' } },
        { orq: { contact_id: 'root' } },
        { x: { y: [{ identityId: 'root' }] } },
        { user_security_context: { end_user_id: 'root', application_name: 'x' } },
        { usage_context: { end_user_to_charge: 'root' } },
        { requesty: { user_id: 'root', tags: ['a'] } },
        { context: { user: 'root' } },
        { anything: { at: { all: { 'Safety-Identifier': 'root' } } } },
        { anything: [[{ trace_user_id: 'root' }]] },
        { provider: { endUser: null } },
        { labels: { user_id: 'root' } },
        { requests: [{ custom_id: 'a', params: { metadata: { user_id: 'root' } } }] },
        { thread: { metadata: { endUserId: 'root' } } },
        { response: { user: 'root' } },
        { extra_body: { identity: { id: 'root' } } },
        { litellm_metadata: { contact: 'root' } },
        { stream_options: { customer: 'root' } },
        { x: { properties: { user_id: 'root' } } },
      ].map((members) => [JSON.stringify(members)]),
    )('a member that says whose a request is is refused, whatever the object around it is called: %s', async (members) => {
      expect((await open().ask('POST', 'chat/completions', { ...chat, ...(JSON.parse(members) as object) })).slice(0, 3)).toEqual(refused)
    })

    test.each([
      { 'user ': 'root' },
      { '"user"': 'root' },
      { ['end_user'.padEnd(150)]: 'root' },
      { 'safety.identifier\u200b': 'root' },
      { user: 'root', 'user.': 'root', 'User\0': 'root' },
    ])('an outermost member that says so in another spelling does not reach the gateway: %j', async (members) => {
      expect((await open().ask('POST', 'chat/completions', { ...chat, ...members })).slice(0, 3)).toEqual(passed)
      expect(open().upstream.seen.at(-1)?.body).not.toContain('root')
    })

    test.each([{ extra_body: { ['user'.padEnd(200)]: 'root' } }, { ['litellm_metadata'.padEnd(90, '.')]: { user: 'root' } }])(
      'what stands between the letters of a name hides it at no length: %j',
      async (members) => expect((await open().ask('POST', 'chat/completions', { ...chat, ...members })).slice(0, 3)).toEqual(refused),
    )

    test.each([
      'identity[id]',
      'identity',
      'contact.id',
      'contact_id',
      'identityId',
      'requesty[user_id]',
      'a[b][c][end_user_id]',
      'context.user',
    ])('a query and a form do not say it as %s', async (name) => {
      expect((await open().ask('POST', `chat/completions?${name}=root`, chat)).slice(0, 3)).toEqual(refused)
      const form = `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nroot\r\n--b--\r\n`
      const type = 'multipart/form-data; boundary=b'
      expect((await open().ask('POST', 'audio/transcriptions', form, { type })).slice(0, 3)).toEqual(refused)
    })

    test.each<[members: string]>(
      [
        { metadata: { user: 'ada', identity: 'x', contact: 'y' } },
        { metadata: { ticket: { user: 'ada' } } },
        { labels: { user: 'ada' } },
        { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', user_id: 'ada' }] }] },
        { tools: [{ type: 'web_search', user_location: { type: 'approximate', country: 'DE' } }] },
        { tools: [{ type: 'function', function: { name: 'f', parameters: { properties: { user_id: { type: 'string' } } } } }] },
        { tools: [{ name: 'f', toolSpec: { inputSchema: { json: { properties: { user: { type: 'string' } } } } } }] },
        { tools: [{ type: 'file_search', filters: { user_id: '7' } }] },
        { guided_json: { $defs: { user: { type: 'object' } }, properties: { user: { $ref: '#/$defs/user' } }, required: ['user'] } },
        { prompt: { id: 'pmpt_1', variables: { user: 'ada', contact: 'x' } } },
        { variables: { user: 'ada' } },
        { inputs: { customer: 'ada', user: 'bob' } },
        { data_source: { type: 'jsonl', source: { content: [{ item: { user_id: 'ada' } }] } } },
        { logit_bias: { user: 1 } },
        { users: 1, user_count: 2, contacts: [], x: { username: 'ada', customer: 'ada' } },
      ].map((members) => [JSON.stringify(members)]),
    )('what the model reads and what the caller names passes: %s', async (members) => {
      expect(await open().ask('POST', 'chat/completions', { ...chat, ...(JSON.parse(members) as object) })).toEqual(passed)
    })
  })

  test.each<[said: string, sent: string]>([
    ['"identity":{"id":"root","email":"a@b"}', '"identity":{"id":"svc-acme"}'],
    ['"contact":{"id":"root"}', '"contact":{"id":"svc-acme"}'],
    ['"contact":"root"', '"contact":"svc-acme"'],
    ['"identity_id":"root"', '"identity_id":"svc-acme"'],
    ['"contact_id":7', '"contact_id":"svc-acme"'],
    ['"end_user_to_charge":"root"', '"end_user_to_charge":"svc-acme"'],
  ])('outermost, %s becomes the verified user', async (said, sent) => {
    const house = await openHouse({ config: { policies: { pinUser: true } } })
    const rest = '"messages":[{"role":"user","content":"Hello"}],"user":"root"'
    const ask = async (body: string, credential: string): Promise<string | undefined> => {
      const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
      expect((await fetch(`${house.baseURL}/chat/completions`, { method: 'POST', headers, body })).status).toBe(200)
      return house.emulator.seen.at(-1)?.body.toString('utf8')
    }
    try {
      expect(await ask(`{${said},${rest}}`, house.callers.acme)).toBe(`{${sent},${rest.replace('root', 'svc-acme')}}`)
      expect(JSON.parse((await ask(`{${said},${rest}}`, house.callers.globex)) as string)).toEqual({
        messages: [{ role: 'user', content: 'Hello' }],
      })
      const other = said.replace(/^"\w/, (begin) => begin.toUpperCase())
      expect(JSON.parse((await ask(`{${other},${rest}}`, house.callers.acme)) as string)).toEqual({
        messages: [{ role: 'user', content: 'Hello' }],
        user: 'svc-acme',
      })
    } finally {
      await house.close()
    }
  })
})
