import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { doorNames, type House, openHouse } from '../support/house.js'

/** The keys `acme` and `globex` of the house: here that of the team, and that of nightly runs and of one application. */
const bindings = [
  { team: 'acme', key: 'acme' },
  { workflow: 'night-*', key: 'globex' },
  { service: 'globex', key: 'globex' },
  { service: 'delegate', key: 'globex' },
]

describe.each(doorNames)('behind the %s door', (door) => {
  let house: House
  let backend: CookieBackend
  beforeAll(async () => {
    backend = await startCookieBackend()
    const principals = { acme: { user: 'svc-acme', team: 'acme' }, globex: { team: 'acme' }, delegate: { delegate: true } }
    house = await openHouse({
      door,
      config: { bindings },
      callers: { service: { hashes: { env: 'RING' }, principals }, forwardAuth: { url: backend.url } },
    })
  })
  afterAll(async () => {
    await house.close()
    await backend.stop()
  })

  /** By which binding a call got which key. */
  const keyOf = async (credential: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const before = house.emulator.seen.length
    const answer = await house.chat({ credential, headers })
    await answer.text()
    const [sent] = house.emulator.seen[before]?.credentials ?? []
    if (answer.status !== 200) return `${answer.status} ${answer.headers.get('postern-refusal')}`
    const key = Object.entries(house.keys).find(([, { secret }]) => secret === sent?.value)?.[0]
    return `${key} by ${house.ledger.entries.at(-1)?.binding}`
  }
  const inHeader = { 'x-workflow-id': 'night-7' }
  const asked = async (body: object): Promise<string> => {
    const headers = { cookie: backend.signIn('ada', 'acme'), 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const answer = await fetch(`${house.origin}/ai/session`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect(answer.status).toBe(201)
    return ((await answer.json()) as { readonly token: string }).token
  }

  test('a workflow that a session token names leads to its key, and the header has no say beside it', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', workflow: 'night-7' })
    expect(await keyOf(token)).toBe('globex by workflow=night-*')
    expect(await keyOf(token, { 'x-workflow-id': 'day-1' })).toBe('globex by workflow=night-*')
    const { token: other } = await house.minter.mint({ user: 'ada', team: 'acme', workflow: 'day-1' })
    expect(await keyOf(other, inHeader)).toBe('acme by team=acme')
  })

  test('a workflow that stands in a header alone leads to no key, whoever the caller is', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    expect(await keyOf(token, inHeader)).toBe('acme by team=acme')
    expect(await keyOf(house.callers.acme, inHeader)).toBe('acme by team=acme')
    const { token: unbound } = await house.minter.mint({ user: 'eve', team: 'nowhere' })
    expect(await keyOf(unbound, inHeader)).toBe('403 no_key_for_caller')
    expect(await keyOf(house.callers.stranger, inHeader)).toBe('403 no_key_for_caller')
  })

  test('a workflow that a page chose for its own session leads to no key, and its calls belong to it all the same', async () => {
    for (const stated of [{}, { workflow_of_page: true }, { workflow_of_page: false }]) {
      expect(await keyOf(await asked({ workflow: 'night-7', ...stated }))).toBe('acme by team=acme')
      expect(house.ledger.entries.at(-1)).toMatchObject({ workflow: 'night-7', workflow_verified: true })
    }
  })

  test('a service caller is known by the label of its credential, before its team, and by nothing that it says', async () => {
    expect(await keyOf(house.callers.globex)).toBe('globex by service=globex')
    expect(await keyOf(house.callers.acme, { 'x-service': 'globex' })).toBe('acme by team=acme')
  })

  test('a delegate calls with its own key for those alone who have none, and with that of whom it calls for otherwise', async () => {
    const forWhom = (who: string) => keyOf(house.callers.delegate, { 'postern-act-as': who, ...inHeader })
    expect(await forWhom('user=u_7, team=acme')).toBe('acme by team=acme')
    expect(await forWhom('user=u_7, team=umbrella')).toBe('globex by service=delegate')
    expect(await keyOf(house.callers.delegate)).toBe('globex by service=delegate')
    expect(await forWhom('service=globex')).toBe('400 request_malformed')
    expect(await forWhom('user=u_7, workflow=night-7')).toBe('400 request_malformed')
  })
})
