import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startHostileUpstream } from '../support/hostile-upstream.js'
import { type House, openHouse } from '../support/house.js'
import { forEachDoor } from '../support/for-each-door.js'

const kinds = ['video', 'image', 'audio', 'voice', 'music'] as const

/** What a sealed id is at the gateway. */
function rawOf(sealed: string): string {
  return Buffer.from(sealed.slice(0, sealed.lastIndexOf('.')), 'base64url').toString('utf8')
}

// One account's key opens every stored object of the account, whichever tenant made it. This gateway calls its objects tasks.
forEachDoor({ gateway: 'onysoft' }, (house) => {
  const call = (path: string, credential: string, headers: Readonly<Record<string, string>> = {}, init: RequestInit = {}) =>
    fetch(`${house().baseURL}/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json', ...headers },
    })
  const begin = async (kind: string, credential: string, headers = {}) => {
    const answer = await call(`${kind}/generate`, credential, headers, {
      method: 'POST',
      body: JSON.stringify({ model: 'kling/video', prompt: 'a door in a wall' }),
    })
    expect(answer.status).toBe(202)
    return (await answer.json()) as { task_id: string; status: string; success: boolean }
  }

  test.each(kinds)('a %s task is asked after under any name by who began it', async (kind) => {
    const begun = await begin(kind, house().callers.acme)
    expect(begun).toMatchObject({ success: true, status: 'pending' })
    for (const alias of kinds) {
      const answer = await call(`${alias}/status/${begun.task_id}`, house().callers.acme)
      expect([answer.status, await answer.json()]).toMatchObject([200, { task_id: begun.task_id, model: 'kling/video' }])
      expect(house().emulator.seen.at(-1)?.url).toMatch(new RegExp(`^/v1/${alias}/status/task_[0-9a-f]{24}$`))
    }
    // What the gateway says besides stays as it wrote it.
    const done = (await (await call(`${kind}/status/${begun.task_id}`, house().callers.acme)).json()) as { result: { url: string } }
    expect(done.result.url).toMatch(/\/task_[0-9a-f]{24}\.\w+$/)
  })

  test('another tenant, another user of the same key, a guessed and an altered id all get 404, and the gateway is not asked', async () => {
    const { task_id: id } = await begin('video', house().callers.delegate, { 'Postern-Act-As': 'user=u_1, team=acme' })
    const raw = rawOf(id)
    const sealed = id.slice(0, id.lastIndexOf('.'))
    const seal = id.slice(id.lastIndexOf('.') + 1)
    const before = house().emulator.seen.length
    const thieves: readonly [string, string, Readonly<Record<string, string>>][] = [
      [id, house().callers.globex, {}],
      [id, house().callers.acme, {}],
      [id, house().callers.delegate, { 'Postern-Act-As': 'user=u_2, team=acme' }],
      [id, house().callers.delegate, { 'Postern-Act-As': 'user=u_1, team=acme, project=other' }],
      [raw, house().callers.acme, {}],
      [sealed, house().callers.acme, {}],
      [`${sealed}.`, house().callers.acme, {}],
      [`${sealed}.${'A'.repeat(22)}`, house().callers.acme, {}],
      [`${id}~~`, house().callers.delegate, { 'Postern-Act-As': 'user=u_1, team=acme' }],
      [`${raw}.${seal}`, house().callers.delegate, { 'Postern-Act-As': 'user=u_1, team=acme' }],
      [`${sealed.slice(0, -1)}A.${seal}`, house().callers.delegate, { 'Postern-Act-As': 'user=u_1, team=acme' }],
      [`.${seal}`, house().callers.acme, {}],
      [`...${seal}`, house().callers.acme, {}],
    ]
    for (const [path, credential, headers] of thieves) {
      const answer = await call(`video/status/${path}`, credential, headers)
      expect([path, answer.status, answer.headers.get('postern-refusal')]).toEqual([path, 404, 'not_found'])
    }
    expect(house().emulator.seen).toHaveLength(before)
    const owner = await call(`video/status/${id}`, house().callers.delegate, { 'Postern-Act-As': 'user=u_1, team=acme' })
    expect(owner.status).toBe(200)
  })

  test('no other spelling of the path opens an object by its id at the gateway', async () => {
    const { task_id: id } = await begin('video', house().callers.acme)
    const raw = rawOf(id)
    const before = house().emulator.seen.length
    const spellings = [
      'Video/status',
      'video/Status',
      'VIDEO/STATUS',
      'video;x=1/status',
      'video/status;x=1',
      'videos/status',
      'tasks',
      'video/status/x',
    ]
    for (const spelling of spellings) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
        const answer = await call(`${spelling}/${raw}`, house().callers.globex, {}, { method })
        expect([spelling, method, answer.status]).toEqual([spelling, method, 404])
      }
    }
    expect(house().emulator.seen).toHaveLength(before)
  })

  test('a session of the same user finds the object that an earlier session made', async () => {
    const session = async (user: string) => (await house().minter.mint({ user, team: 'acme' })).token
    const { task_id: id } = await begin('music', await session('u_7'))
    expect((await call(`music/status/${id}`, await session('u_7'))).status).toBe(200)
    expect((await call(`music/status/${id}`, await session('u_8'))).status).toBe(404)
  })

  test('of two sessions of one team without a user, neither finds the object of the other', async () => {
    const [own, other] = await Promise.all([1, 2].map(async () => (await house().minter.mint({ team: 'acme' })).token))
    const { task_id: id } = await begin('video', own as string)
    const before = house().emulator.seen.length
    expect((await call(`video/status/${id}`, other as string)).status).toBe(404)
    expect((await call(`video/status/${id}`, house().callers.acme)).status).toBe(404)
    expect(house().emulator.seen).toHaveLength(before)
    expect((await call(`video/status/${id}`, own as string)).status).toBe(200)
  })
})

test('of two visitors without a credential, neither finds the object of the other', async () => {
  const house = await openHouse({
    gateway: 'onysoft',
    callers: { anonymous: { team: 'acme', limit: 100 } },
    config: { listen: { trustedProxies: ['127.0.0.1', '::1'] } },
  })
  const from = (address: string, path: string, init: RequestInit = {}) =>
    fetch(`${house.baseURL}/${path}`, { ...init, headers: { 'content-type': 'application/json', 'x-forwarded-for': address } })
  try {
    const begun = await from('198.51.100.7', 'video/generate', { method: 'POST', body: '{"model":"kling/video","prompt":"a door"}' })
    const { task_id: id } = (await begun.json()) as { task_id: string }
    expect([begun.status, (await from('198.51.100.8', `video/status/${id}`)).status]).toEqual([202, 404])
    expect((await from('198.51.100.7', `video/status/${id}`)).status).toBe(200)
    expect(JSON.stringify(house.ledger.entries)).not.toContain('198.51.100.7')
  } finally {
    await house.close()
  }
})

test('below a stored object nothing is read without its seal', async () => {
  const house = await openHouse({ gateway: 'freeai' })
  try {
    for (const path of [
      'videos/generations/RAW',
      'videos/generations/RAW/content',
      'Videos/generations/RAW/content',
      'videos/generations/RAW/a/b',
    ]) {
      const answer = await fetch(`${house.baseURL}/${path}`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
      expect([path, answer.status]).toEqual([path, 404])
    }
    expect(house.emulator.seen).toHaveLength(0)
  } finally {
    await house.close()
  }
})

test('a seal is good after a restart and in another replica, and through a change of keys while both are configured', async () => {
  const first = await openHouse({ gateway: 'onysoft' })
  const { keys } = first
  const gone = await openHouse({ gateway: 'onysoft', keys: { ...keys, acme: keys.globex }, baseURL: first.emulator.baseURL })
  const restarted = await openHouse({ gateway: 'onysoft', keys, baseURL: first.emulator.baseURL })
  const rotated = await openHouse({
    gateway: 'onysoft',
    keys,
    baseURL: first.emulator.baseURL,
    config: { bindings: [{ team: 'acme', key: 'globex' }] },
  })
  const statusAt = async (house: House, id: string): Promise<number> => {
    const { token } = await house.minter.mint({ user: 'u_7', team: 'acme' })
    return (await fetch(`${house.baseURL}/video/status/${id}`, { headers: { authorization: `Bearer ${token}` } })).status
  }
  try {
    const { token } = await first.minter.mint({ user: 'u_7', team: 'acme' })
    const begun = await fetch(`${first.baseURL}/video/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kling/video' }),
    })
    const { task_id: id } = (await begun.json()) as { task_id: string }
    expect([await statusAt(first, id), await statusAt(restarted, id), await statusAt(rotated, id)]).toEqual([200, 200, 200])
    expect(await statusAt(gone, id)).toBe(404)
  } finally {
    await Promise.all([first, gone, restarted, rotated].map((house) => house.close()))
  }
})

test.each<[what: string, answer: { readonly type?: string; readonly encoding?: string; readonly body: string }, status: number]>([
  ['a number', { body: '{"success":true,"task_id":12345}' }, 202],
  ['a text that is no path segment', { body: '{"task_id":"a/b c%ü"}' }, 202],
  ['one of which another caller could not tell the text', { body: '{ "task_id" : "..\\u002f" , "n": 12345678901234567890 }' }, 202],
  ['said twice', { body: '{"task_id":"first","task_id":"second"}' }, 202],
  ['packed', { encoding: 'gzip', body: '{"task_id":"packed"}' }, 202],
  ['packed in a way that cannot be unpacked', { encoding: 'zstd', body: '{"task_id":"zipped"}' }, 502],
  ['in a stream', { type: 'text/event-stream', body: 'data: {"task_id":"streamed"}\n\n' }, 502],
  ['in a page', { type: 'text/plain', body: '{"task_id":"page"}' }, 502],
])('an object’s id that is %s is sealed, or the answer is refused', async (_, { type = 'application/json', encoding, body }, status) => {
  const upstream = await startHostileUpstream((request, response) => {
    const asked = request.method === 'GET'
    response.writeHead(asked ? 200 : 202, {
      'content-type': asked ? 'application/json' : type,
      ...(asked || encoding === undefined ? {} : { 'content-encoding': encoding }),
    })
    response.end(
      asked ? '{"task_id":"x","status":"failed","error":{"message":"not safe for work"}}' : encoding === undefined ? body : gzipSync(body),
    )
  })
  const house = await openHouse({ gateway: 'onysoft', baseURL: upstream.baseURL })
  try {
    const headers = { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' }
    const begun = await fetch(`${house.baseURL}/video/generate`, { method: 'POST', headers, body: '{"model":"m"}' })
    expect(begun.status).toBe(status)
    const text = await begun.text()
    if (status !== 202) {
      expect(text).not.toMatch(/zipped|streamed|page"/)
      return
    }
    const { task_id: id } = JSON.parse(text) as { task_id: string }
    const raw = (JSON.parse(body) as { task_id: string | number }).task_id
    expect(rawOf(id)).toBe(String(raw))
    if (text.includes('"n"')) expect(text).toContain('"n": 12345678901234567890')
    // An object that failed says so in an answer of its own.
    const asked = await fetch(`${house.baseURL}/video/status/${id}?task_id=other`, { headers })
    expect([asked.status, await asked.json()]).toMatchObject([200, { status: 'failed', error: { message: 'not safe for work' } }])
    expect(upstream.seen.at(-1)?.url).toBe(`/v1/video/status/${encodeURIComponent(String(raw))}`)
  } finally {
    await house.close()
    await upstream.close()
  }
})
