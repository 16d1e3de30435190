import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answering, type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { type DoorName, doorNames, type House, openHouse } from '../support/house.js'

const sameOrigin = { 'sec-fetch-site': 'same-origin' }

describe.each(doorNames)('a cookie of the backend, behind the %s door', (door) => {
  let backend: CookieBackend
  let house: House
  beforeAll(async () => {
    backend = await startCookieBackend()
    house = await open(door, { cache: '5s' })
  })
  afterAll(async () => {
    await house.close()
    await backend.stop()
  })
  beforeEach(() => {
    backend.answer('well')
  })

  const open = (where: DoorName, further: object): Promise<House> =>
    openHouse({ door: where, callers: { forwardAuth: { url: backend.url, ...further } } })
  const ask = async (cookie: string, at: House = house, headers: Readonly<Record<string, string>> = sameOrigin) => {
    const answer = await at.chat({ credential: null, headers: { cookie, ...headers } })
    const { error } = (await answer.json()) as { error?: { code: string; message: string } }
    return { status: answer.status, code: error?.code, message: error?.message, headers: answer.headers }
  }

  test('says who is calling, and its team’s key pays', async () => {
    const answers = await Promise.all([ask(backend.signIn('ada', 'acme')), ask(backend.signIn('bob', 'globex'))])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const entries = house.ledger.entries.slice(-2).toSorted((one, other) => (one.user ?? '').localeCompare(other.user ?? ''))
    expect(entries).toMatchObject([
      { via: 'forwardAuth', user: 'ada', team: 'acme', key: 'acme' },
      { via: 'forwardAuth', user: 'bob', team: 'globex', key: 'globex' },
    ])
  })

  test('never reaches the gateway, and nothing else that the backend said of the caller does', async () => {
    await ask(backend.signIn('ada', 'acme'))
    const seen = JSON.stringify(house.emulator.seen.at(-1))
    for (const what of ['sid=', 'theme', 'private@example.com', 'admin']) expect(seen).not.toContain(what)
  })

  test('is asked about with itself and nothing else of the request', async () => {
    await ask(backend.signIn('ada', 'acme'), house, {
      ...sameOrigin,
      'user-agent': 'a browser',
      'x-forwarded-for': '6.6.6.6',
      'x-user-id': 'root',
    })
    expect(Object.keys(backend.asked.at(-1) as object).toSorted()).toEqual(['accept', 'connection', 'cookie', 'host'])
  })

  test('is asked about once for a while, however many calls it makes at once', async () => {
    const cookie = backend.signIn('ada', 'acme')
    const before = backend.asked.length
    await Promise.all(Array.from({ length: 20 }, () => ask(cookie)))
    await ask(cookie)
    expect(backend.asked.length - before).toBe(1)
  })

  test('is another one as soon as it differs in anything', async () => {
    const cookie = backend.signIn('ada', 'acme')
    const other = cookie.replace('sid=', 'sid=0')
    expect((await ask(cookie)).status).toBe(200)
    expect(await ask(other)).toMatchObject({ status: 401, code: 'caller_invalid' })
  })

  test('that nobody is signed in with is refused, and good a moment after somebody is', async () => {
    expect(await ask('theme=dark')).toMatchObject({ status: 401, code: 'caller_invalid' })
    expect((await ask(backend.signIn('ada', 'acme'))).status).toBe(200)
  })

  test('is not looked at where there is a better credential, which decides', async () => {
    const cookie = backend.signIn('ada', 'acme')
    const answer = await house.chat({ credential: 'pst_not-a-caller', headers: { cookie, ...sameOrigin } })
    expect(answer.status).toBe(401)
    const service = await house.chat({ credential: house.callers.globex, headers: { cookie, ...sameOrigin } })
    expect(service.status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ via: 'service', team: 'globex' })
  })

  test('cannot act for others', async () => {
    const answer = await ask(backend.signIn('ada', 'acme'), house, { ...sameOrigin, 'postern-act-as': 'user=root' })
    expect(answer).toMatchObject({ status: 403, code: 'delegation_not_allowed' })
  })

  test.each<[Answering, number, string]>([
    ['null', 401, 'caller_invalid'],
    ['nothing', 401, 'caller_invalid'],
    ['a redirect', 401, 'caller_invalid'],
    ['a list', 401, 'caller_invalid'],
    ['a page', 503, 'caller_check_unavailable'],
    ['a number', 503, 'caller_check_unavailable'],
    ['plainly, as if packed', 503, 'caller_check_unavailable'],
    ['too much', 503, 'caller_check_unavailable'],
    ['a fault', 503, 'caller_check_unavailable'],
  ])('is refused where the backend answers with %s', async (how, status, code) => {
    const before = house.emulator.seen.length
    backend.answer(how)
    expect(await ask(backend.signIn('ada', 'acme'))).toMatchObject({ status, code })
    expect(backend.asked.some((question) => 'stolen' in question)).toBe(false)
    expect(house.emulator.seen.length).toBe(before)
  })

  test('is refused with 503 while the backend is down, and good again afterwards', async () => {
    const cookie = backend.signIn('ada', 'acme')
    await backend.stop()
    const refused = await ask(cookie)
    expect(refused).toMatchObject({ status: 503, code: 'caller_check_unavailable' })
    expect(refused.headers.get('retry-after')).toBe('1')
    await backend.start()
    expect((await ask(cookie)).status).toBe(200)
  })

  test('is not waited for longer than is configured', async () => {
    const impatient = await open(door, { timeout: '100ms' })
    try {
      backend.answer('never')
      expect(await ask(backend.signIn('ada', 'acme'), impatient)).toMatchObject({ status: 503, code: 'caller_check_unavailable' })
    } finally {
      await impatient.close()
    }
  })

  test('that was signed out is refused once the answer is no longer remembered', async () => {
    const forgetful = await open(door, { cache: '0s' })
    try {
      const cookie = backend.signIn('ada', 'acme')
      expect((await ask(cookie, forgetful)).status).toBe(200)
      backend.signOut(cookie)
      expect((await ask(cookie, forgetful)).status).toBe(401)
    } finally {
      await forgetful.close()
    }
  })

  test('may be one of several, of which the backend sees no other', async () => {
    const choosy = await open(door, { cookies: ['sid'], passHeaders: ['X-Tenant'] })
    try {
      const cookie = backend.signIn('ada', 'acme')
      expect((await ask(cookie, choosy, { ...sameOrigin, 'x-tenant': 'acme', 'x-other': 'no' })).status).toBe(200)
      const question = backend.asked.at(-1) as Record<string, string>
      expect(question['cookie']).toBe(/sid=[\w-]+/.exec(cookie)?.[0])
      expect(question).toMatchObject({ 'x-tenant': 'acme' })
      expect(question).not.toHaveProperty('x-other')
      expect(await ask('theme=dark; _ga=GA1', choosy)).toMatchObject({ status: 401, code: 'caller_missing' })
    } finally {
      await choosy.close()
    }
  })

  test('may be answered in headers', async () => {
    const reader = await open(door, { answerHeaders: { user: 'X-Who', team: 'X-Whose' } })
    try {
      backend.answer('with headers')
      expect((await ask(backend.signIn('ada', 'acme'), reader)).status).toBe(200)
      expect(reader.ledger.entries.at(-1)).toMatchObject({ user: 'ada', team: 'acme' })
    } finally {
      await reader.close()
    }
  })
})

describe('callers without any credential', () => {
  let backend: CookieBackend
  let house: House
  beforeAll(async () => {
    backend = await startCookieBackend()
    house = await openHouse({
      callers: { anonymous: { team: 'acme', limit: 3, window: '1h' }, forwardAuth: { url: backend.url, cookies: ['sid'] } },
      config: { listen: { trustedProxies: ['127.0.0.1'] } },
    })
  })
  afterAll(async () => {
    await house.close()
    await backend.stop()
  })
  const from = (address: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    house.chat({ credential: null, headers: { 'x-forwarded-for': address, ...headers } })

  test('are taken as whom the operator named, so many calls of an address, and no others are slowed down', async () => {
    for (let call = 0; call < 3; call += 1) expect((await from('198.51.100.7')).status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ via: 'anonymous', team: 'acme' })
    const refused = await from('198.51.100.7')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('postern-refusal')).toBe('rate_limited')
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect((await from('198.51.100.8')).status).toBe(200)
    expect((await house.chat()).status).toBe(200)
  })

  test('of one IPv6 network are one address', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, (_, host) => from(`2001:db8:1::${host + 1}`)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
  })

  test('are not those whose credential fails', async () => {
    const failing = [
      { authorization: 'Bearer pst_unknown' },
      { cookie: 'sid=unknown', 'sec-fetch-site': 'same-origin' },
      { cookie: 'sid=unknown' },
    ]
    for (const [index, headers] of failing.entries()) expect([401, 403]).toContain((await from(`203.0.113.${index}`, headers)).status)
    await backend.stop()
    const cookie = backend.signIn('ada', 'acme')
    expect((await from('203.0.113.9', { cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(503)
    await backend.start()
  })

  test('are refused where the operator did not write so', async () => {
    const closed = await openHouse()
    expect((await closed.chat({ credential: null })).headers.get('postern-refusal')).toBe('caller_missing')
    await closed.close()
  })
})
