import { resolve } from 'node:path'
import { checkConfig } from '@postern/config'
import { dialects, get, plainFormat, post } from '@postern/gateways'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeRecordings } from '../support/describe-recordings.js'
import { openRecordedHouse, type RecordedHouse } from '../support/recorded-house.js'
import { readRecordings } from '../support/recordings.js'
import { harbor } from './new-gateway/harbor.js'

const known = { ...dialects, harbor }
const recordings = readRecordings(resolve(import.meta.dirname, 'new-gateway/recordings'))

// One record and one folder: nothing else in the house knows of this gateway.
describeRecordings(harbor, recordings, known)

describe('a gateway that is added by a record', () => {
  let house: RecordedHouse
  beforeAll(async () => {
    house = await openRecordedHouse(harbor, known)
  })
  afterAll(() => house.close())

  test('gets its own form of credential, and nothing that its gateway would trust from a client', async () => {
    house.play(recordings.find(({ name }) => name === 'answer') as (typeof recordings)[number])
    await fetch(`${house.baseURL}/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${house.credential}`,
        'content-type': 'application/json',
        'x-harbor-pass': 'pass=mine',
        'x-harbor-deck': 'two',
        X_Harbor_Captain: 'me',
      },
      body: JSON.stringify({ model: 'clipper', messages: [{ role: 'user', content: 'Hello' }] }),
    })
    const { url, rawHeaders } = house.upstream.seen.at(-1) as { url: string; rawHeaders: readonly string[] }
    expect(url).toBe('/llm/v2/chat/completions')
    const own = rawHeaders.flatMap((name, index) => (index % 2 === 0 && /harbor/i.test(name) ? [[name, rawHeaders[index + 1]]] : []))
    expect(own).toEqual([
      ['x-harbor-deck', 'two'],
      ['X-Harbor-Pass', 'pass=a-key-of-the-recorded-gateway'],
    ])
    expect(rawHeaders.map((name) => name.toLowerCase())).not.toContain('authorization')
  })

  test('has its catalogue as a list of models, asked for without a key', async () => {
    house.play({
      name: 'ships',
      source: 'docs',
      answer: {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: { ships: [{ name: 'clipper', line: 'north', masts: 3 }] },
      },
      client: { status: 200 },
    })
    const answer = await fetch(`${house.baseURL}/models`, { headers: { authorization: `Bearer ${house.credential}` } })
    expect(await answer.json()).toEqual({
      object: 'list',
      data: [{ id: 'clipper', object: 'model', created: 0, owned_by: 'north', name: 'clipper', line: 'north', masts: 3 }],
    })
    const { url, rawHeaders } = house.upstream.seen.at(-1) as { url: string; rawHeaders: readonly string[] }
    expect([url, rawHeaders.join()]).toEqual(['/ships', expect.not.stringContaining('pass=')])
  })

  test('keeps its operator’s paths to its operator', async () => {
    const answer = await fetch(`${house.baseURL}/captains/list`, { headers: { authorization: `Bearer ${house.credential}` } })
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([403, 'endpoint_not_allowed'])
  })

  test('is no dialect for those who do not bring it', () => {
    const { problems } = checkConfig({ version: 1, gateways: { main: { dialect: 'harbor' } } }, { env: {}, directory: '.' })
    expect(problems).toContainEqual(expect.objectContaining({ path: 'gateways.main.dialect', severity: 'error' }))
  })
})

test.each([
  ['task', { ...harbor, endpoints: { ...harbor.endpoints, voyages: { ...post(plainFormat), task: 'begun' } } }],
  ['taskId', { ...harbor, taskId: ['/id'] }],
])('a dialect that has "%s" for an object of its caller is a problem, since the id would pass without a seal', (name, dialect) => {
  const config = { version: 1, gateways: { main: { dialect: 'harbor' } } }
  const { problems } = checkConfig(config, { env: {}, directory: '.' }, { ...known, harbor: dialect })
  expect(problems).toContainEqual(
    expect.objectContaining({ path: 'gateways.main.dialect', severity: 'error', reason: expect.stringContaining(`"${name}"`) }),
  )
})

test('an object of its caller that is listed beside another method of its path is answered like one that is not there', async () => {
  const asked = { ...get(), object: { owner: 'caller', kind: 'task', role: 'names', ids: ['/id'] } } as const
  const sailing = { ...harbor, endpoints: { ...harbor.endpoints, 'Voyages/{id}': [post(plainFormat), asked] } }
  const house = await openRecordedHouse(sailing, { ...known, harbor: sailing })
  try {
    for (const path of ['voyages/one/log', 'Voyages/one/log', 'voyages%2Fone'])
      expect((await fetch(`${house.baseURL}/${path}`, { headers: { authorization: `Bearer ${house.credential}` } })).status, path).toBe(404)
  } finally {
    await house.close()
  }
})
