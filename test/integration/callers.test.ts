import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'

async function outcomeOf(house: House, answer: Promise<Response>): Promise<readonly [status: number, codeOrKey: string | undefined]> {
  const { status, headers, ...rest } = await answer.then(async (got) => ({
    status: got.status,
    headers: got.headers,
    body: await got.text(),
  }))
  const { error } = JSON.parse(rest.body) as { error?: { code: string } }
  const entry = await house.ledger.entry(({ request_id }) => request_id === headers.get('x-request-id'))
  return [status, error?.code ?? entry.key]
}

describe('callers', () => {
  forEachDoor({}, (house) => {
    const actingFor = (forWhom: string, credential = house().callers.delegate) =>
      outcomeOf(house(), house().chat({ credential, headers: { 'Postern-Act-As': forWhom } }))

    test('a delegate calls for the user, team or project that it names', async () => {
      expect(await actingFor('user=u_7, team=acme')).toEqual([200, 'acme'])
      expect(house().ledger.entries.at(-1)).toMatchObject({ user: 'u_7', team: 'acme', via: 'service', caller: 'delegate' })
      expect(await actingFor('team=globex')).toEqual([200, 'globex'])
      expect(await actingFor('user=J%C3%BCrgen,team=acme')).toEqual([200, 'acme'])
      expect(house().ledger.entries.at(-1)).toMatchObject({ user: 'Jürgen' })
    })

    test('a delegate that names nobody has no key of its own', async () => {
      expect(await outcomeOf(house(), house().chat({ credential: house().callers.delegate }))).toEqual([403, 'no_key_for_caller'])
    })

    test('whoever is no delegate may not act for others', async () => {
      expect(await actingFor('team=globex', house().callers.acme)).toEqual([403, 'delegation_not_allowed'])
      const { token } = await house().minter.mint({ user: 'ada', team: 'acme' })
      expect(await actingFor('team=globex', token)).toEqual([403, 'delegation_not_allowed'])
    })

    test.each([
      '',
      'team',
      'team=',
      'team=a=b',
      'team=acme,team=globex',
      'role=admin',
      'team=a b',
      'team=%0a',
      'team=%zz',
      'delegate=true',
    ])('a header that says "%s" is malformed', async (forWhom) => {
      expect(await actingFor(forWhom)).toEqual([400, 'request_malformed'])
    })

    test('the gateway hears nothing of for whom a call is', async () => {
      await actingFor('team=acme')
      expect(JSON.stringify(house().emulator.seen.at(-1)?.headers)).not.toMatch(/act-as|team=acme/i)
    })

    test('a session of a user calls with the key of the team', async () => {
      const { token, id } = await house().minter.mint({ user: 'ada', team: 'globex', project: 'labs' })
      expect(await outcomeOf(house(), house().chat({ credential: token }))).toEqual([200, 'globex'])
      expect(house().ledger.entries.at(-1)).toMatchObject({
        user: 'ada',
        team: 'globex',
        project: 'labs',
        via: 'session',
        caller: `session:${id}`,
      })
    })
  })
})

describe('bindings', () => {
  const key = (name: string) => ({ gateway: 'main', secret: { env: name } })
  const config = {
    keys: {
      acme: key('ACME'),
      globex: key('GLOBEX'),
      byUser: key('ACME'),
      byProject: key('ACME'),
      byBoth: key('ACME'),
      byAll: key('ACME'),
      others: key('ACME'),
    },
    bindings: [
      { default: true as const, key: 'others' },
      { team: 'acme', key: 'acme' },
      { project: 'labs', key: 'byProject' },
      { user: 'ada', key: 'byUser' },
      { user: 'ada', project: 'labs', key: 'byBoth' },
      { user: 'ada', project: 'labs', team: 'acme', key: 'byAll' },
    ],
  }

  forEachDoor({ config }, (house) => {
    test.each([
      ['user=ada,project=labs,team=acme', 'byAll'],
      ['user=ada,project=labs,team=globex', 'byBoth'],
      ['user=ada,project=labs', 'byBoth'],
      ['user=ada,team=acme', 'byUser'],
      ['user=ada', 'byUser'],
      ['project=labs,team=acme', 'byProject'],
      ['user=bob,project=labs', 'byProject'],
      ['team=acme', 'acme'],
      ['user=bob,team=acme', 'acme'],
      ['user=bob', 'others'],
      ['team=nobody', 'others'],
    ])('%s calls with the key %s: the most specific binding wins, in whatever order they stand', async (forWhom, expected) => {
      const answer = house().chat({ credential: house().callers.delegate, headers: { 'Postern-Act-As': forWhom } })
      expect(await outcomeOf(house(), answer)).toEqual([200, expected])
    })
  })
})

describe('policies', () => {
  const config = {
    policies: {
      body: '2KiB',
      models: ['auto', 'openai/*', 'emulate/*'],
      rules: [
        { team: 'acme', endpoints: ['chat/completions', 'models'] },
        { user: 'svc-acme', models: ['auto', 'openai/small', 'secret'] },
        { team: 'globex', body: '1KiB' },
      ],
    },
  }
  const endpoints = {
    'audio/transcriptions': { methods: ['POST' as const], format: 'plain' as const, model: 'body' as const, media: true },
  }
  forEachDoor({ config, settings: { endpoints } }, (house) => {
    const asked = (model: string, over: { readonly credential?: string; readonly filler?: number } = {}) =>
      outcomeOf(
        house(),
        house().chat({
          body: { model, ...(over.filler === undefined ? {} : { user: 'x'.repeat(over.filler) }) },
          ...(over.credential === undefined ? {} : { credential: over.credential }),
        }),
      )

    test('every rule that matches applies', async () => {
      expect(await asked('auto')).toEqual([200, 'acme'])
      expect(await asked('openai/large')).toEqual([403, 'model_not_allowed'])
      expect(await asked('secret')).toEqual([403, 'model_not_allowed'])
      expect((await asked('openai/large', { credential: house().callers.globex }))[1]).not.toBe('model_not_allowed')
      expect(await asked('other', { credential: house().callers.globex })).toEqual([403, 'model_not_allowed'])
    })

    test('a pattern matches whole names', async () => {
      expect(await asked('auto-2')).toEqual([403, 'model_not_allowed'])
      expect(await asked('xopenai/small')).toEqual([403, 'model_not_allowed'])
      expect(await asked('AUTO')).toEqual([403, 'model_not_allowed'])
    })

    test('a body that says no model cannot be shown to ask for an allowed one', async () => {
      expect(await outcomeOf(house(), house().chat({ body: { model: undefined } }))).toEqual([403, 'model_not_allowed'])
      expect(await outcomeOf(house(), house().chat({ body: { model: ['auto'] } }))).toEqual([403, 'model_not_allowed'])
      const form = fetch(`${house().baseURL}/audio/transcriptions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.globex}`, 'content-type': 'multipart/form-data; boundary=x' },
        body: '--x--',
      })
      expect(await outcomeOf(house(), form)).toEqual([403, 'model_not_allowed'])
      const empty = fetch(`${house().baseURL}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}` },
      })
      expect(await outcomeOf(house(), empty)).toEqual([403, 'model_not_allowed'])
    })

    test('the smallest limit on bodies counts', async () => {
      expect(await asked('auto', { filler: 1200 })).toEqual([200, 'acme'])
      expect(await asked('auto', { filler: 3000 })).toEqual([413, 'body_too_large'])
      expect(await asked('auto', { filler: 1200, credential: house().callers.globex })).toEqual([413, 'body_too_large'])
    })

    test('an endpoint that is not listed is closed', async () => {
      const answer = fetch(`${house().baseURL}/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': 'application/json' },
        body: '{"model":"auto"}',
      })
      expect(await outcomeOf(house(), answer)).toEqual([403, 'endpoint_not_allowed'])
    })
  })
})
