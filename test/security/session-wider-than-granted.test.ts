import { compileNameList, type NamesOf } from '@postern/protocol'
import { createSessionMinter, type MintRequest, sessionRoute } from '@postern/server'
import fc from 'fast-check'
import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

/** What a page gets that asks the session route of an application for a session: the status, and the token. */
async function askFor(granted: MintRequest, asked: object, secret = 's'.repeat(32)): Promise<readonly [status: number, token: string]> {
  const route = sessionRoute({ minter: createSessionMinter({ secret }), whoIs: () => granted })
  const answer = await route(
    new Request('https://app.example.com/session', {
      method: 'POST',
      headers: { host: 'app.example.com', 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    }),
  )
  const { token = '' } = (await answer.json()) as { readonly token?: string }
  return [answer.status, token]
}

/** Names that `mistral/*` seems to match, and that a gateway could take for other ones. */
const odd = [
  'mistral/small,google/gemini-pro',
  'mistral/small;google/gemini-pro',
  'mistral/small|google/gemini-pro',
  'mistral/small\ngoogle/gemini-pro',
  'mistral/small\tx',
  'mistral/small\u2028x',
  'mistral/small\u200bx',
  'mistral/../../google/gemini-pro',
  'mistral/%2E%2e/google',
  'mistral/small?model=google/gemini-pro',
  'mistral/small#google',
  'mistral\u005c..\u005cgoogle',
  'mistral/small@preset/wide',
  'mistral/small@PRESET/wide',
  'mistral/*,google/*',
  'mistral/**%2f',
]

describe('session-wider-than-granted', () => {
  const granted = { user: 'ada', team: 'acme', models: ['mistral/*', 'a,b'], endpoints: ['chat/*', 'models'] }

  test.each(odd)('a page cannot ask for a name that its grant does not allow: %j', async (model) => {
    expect((await askFor(granted, { models: [model] }))[0]).toBe(400)
    expect((await askFor(granted, { models: ['mistral/small', model] }))[0]).toBe(400)
  })

  test.each([
    { models: ['mistral/small'] },
    { models: ['mistral/*'] },
    { models: ['mistral/l*'] },
    { models: ['a,b', 'mistral/*-latest'] },
    { endpoints: ['chat/completions'] },
    { endpoints: ['chat/*', 'models'] },
  ])('a page may ask for some of what is granted: %j', async (asked) => {
    const [status, token] = await askFor(granted, asked)
    expect([status, decodeJwt(token)]).toEqual([201, expect.objectContaining(asked)])
  })

  test.each([{ models: ['a,bc'] }, { models: ['*'] }, { endpoints: ['*'] }, { endpoints: ['chat'] }, { endpoints: ['models/*'] }])(
    'a page cannot ask for more than is granted: %j',
    async (asked) => expect((await askFor(granted, asked))[0]).toBe(400),
  )

  test.each<NamesOf>(['models', 'endpoints'])('what is covered by a list of %s allows no name that the list does not', (of) => {
    const name = fc.string({ unit: fc.constantFrom('a', '/', '*', ',', '.', '%', '@preset', '\n'), maxLength: 6 })
    const names = fc.array(name, { minLength: 1, maxLength: 3 })
    let covered = 0
    fc.assert(
      fc.property(names, names, fc.array(name, { maxLength: 40 }), (grant, asked, tried) => {
        const [wide, narrow] = [compileNameList(of, grant), compileNameList(of, asked)]
        if (!wide.covers(asked)) return
        covered += 1
        for (const each of [...tried, ...asked, ...asked.map((pattern) => pattern.replaceAll('*', ',a'))])
          if (narrow.allows(each)) expect(wide.allows(each)).toBe(true)
      }),
      { numRuns: 3000, seed: 7 },
    )
    expect(covered).toBeGreaterThan(100)
  })

  forEachDoor({ gateway: 'opentoken', config: { browser: { origins: ['https://app.example.com'] } } }, (house) => {
    test('what a page narrowed names no model that its grant did not', async () => {
      const { model } = house()
      const grant = { user: 'ada', team: 'acme', models: [`${model.slice(0, -1)}*`] }
      const ask = async (token: string, name: string): Promise<readonly unknown[]> => {
        const before = house().emulator.seen.length
        const origin = 'Origin: https://app.example.com'
        const body = JSON.stringify({ model: name, messages: [{ role: 'user', content: 'Hello' }] })
        const answer = await rawChat(house(), [origin], { credential: token, body })
        return [statusOf(answer), codeOf(answer), house().emulator.seen.length - before]
      }
      const [, plain] = await askFor({ ...grant, origin: 'https://app.example.com' }, {}, house().sessionSecret)
      for (const name of [`${model},other`, `${model}|other`]) {
        expect(await ask(plain, name)).toEqual([403, 'model_not_allowed', 0])
        expect(await askFor(grant, { models: [name] }, house().sessionSecret)).toEqual([400, ''])
      }
      const [, narrow] = await askFor(grant, { models: [model] }, house().sessionSecret)
      expect(await ask(narrow, model)).toEqual([200, undefined, 1])
    })
  })
})
