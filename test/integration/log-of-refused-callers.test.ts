import { createSessionMinter } from '@postern/server'
import { afterEach, describe, expect, test } from 'vitest'
import { startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { jwtCallers, startIssuer } from '../support/issuer.js'

describe.each(doorNames)('the log line of a refused credential, behind the %s door', (door) => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  async function open() {
    const issuer = await startIssuer()
    closing.push(() => issuer.stop())
    const backend = await startHostileUpstream((_, response) => void response.writeHead(401).end())
    closing.push(() => backend.close())
    const house = await openHouse({
      door,
      callers: { jwt: [jwtCallers(issuer)], forwardAuth: { url: `${backend.origin}/me`, cookies: ['sid'] } },
    })
    closing.push(() => house.close())
    return { house, issuer }
  }
  type Opened = Awaited<ReturnType<typeof open>>

  const cookie = 'of-nobody-0123456789'
  const wrong = createSessionMinter({ secret: 'another secret of at least 32 bytes' })
  const late = async ({ sessionSecret }: House): Promise<string> =>
    (await createSessionMinter({ secret: sessionSecret, ttl: '90d' }).mint({ user: 'ada' })).token

  test.each<
    [what: string, code: string, via: string, cause: string | RegExp | undefined, credential: (opened: Opened) => Promise<string | null>]
  >([
    [
      'a session of another secret',
      'caller_invalid',
      'session',
      /^ERR_JWS_SIGNATURE_VERIFICATION_FAILED: /,
      async () => (await wrong.mint({ user: 'ada' })).token,
    ],
    [
      'a session that lives too long',
      'caller_invalid',
      'session',
      'The session token lives longer than callers.session.maxTtl allows.',
      ({ house }) => late(house),
    ],
    [
      'a token for another audience',
      'caller_invalid',
      'jwt',
      /^ERR_JWT_CLAIM_VALIDATION_FAILED: .*"aud"/,
      ({ issuer }) => issuer.sign({ aud: 'elsewhere' }),
    ],
    [
      'a token of a strange issuer',
      'caller_invalid',
      'jwt',
      'The token is of an issuer that is not configured.',
      ({ issuer }) => issuer.sign({ iss: 'https://strange.example' }),
    ],
    ['a service credential that no ring has', 'caller_invalid', 'service', undefined, async () => 'pst_nobody-has-this-one'],
    ['a cookie of nobody', 'caller_invalid', 'forwardAuth', 'The backend knows nobody by this cookie.', async () => null],
  ])('names the kind of the credential and why it was refused: %s', async (_, code, via, cause, make) => {
    const opened = await open()
    const { house } = opened
    const credential = await make(opened)
    const answer = await house.chat({
      credential,
      ...(credential === null ? { headers: { cookie: `sid=${cookie}`, 'sec-fetch-site': 'same-origin' } } : {}),
    })
    expect(answer.status).toBe(401)
    const entry = await house.ledger.entry(() => true)
    expect(entry).toMatchObject({ code, via })
    if (cause instanceof RegExp) expect(entry.cause).toMatch(cause)
    else expect(entry.cause).toBe(cause)
    expect(JSON.stringify(entry)).not.toContain(credential ?? cookie)
  })
})
