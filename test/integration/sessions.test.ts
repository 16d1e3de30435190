import { randomBytes } from 'node:crypto'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const claims = { sub: 'ada', team: 'acme' }
const now = (): number => Math.floor(Date.now() / 1000)

describe('session tokens', () => {
  forEachDoor({}, (house) => {
    const secret = (): Uint8Array => Buffer.from(house().secrets.at(-1) as string)
    /** A token as our own minter makes it, but for what a test changes. */
    const good = (payload: Record<string, unknown> = {}, header: { readonly alg?: string; readonly typ?: string } = {}): SignJWT =>
      new SignJWT({ ...claims, aud: 'postern', iat: now(), exp: now() + 60, ...payload }).setProtectedHeader({
        alg: 'HS256',
        typ: 'postern-session+jwt',
        ...header,
      })
    const codeFor = async (token: string): Promise<readonly [status: number, code: string | undefined]> => {
      const answer = await house().chat({ credential: token })
      const body = (await answer.json()) as { error?: { code: string } }
      return [answer.status, body.error?.code]
    }

    test('one that our minter could have made is taken, again and again', async () => {
      const token = await good().sign(secret())
      for (let time = 0; time < 3; time += 1) expect(await codeFor(token)).toEqual([200, undefined])
    })

    test.each(['application/postern-session+jwt', 'Application/Postern-Session+JWT', 'POSTERN-SESSION+JWT'])(
      'one that writes its kind as the media type %s is taken',
      async (typ) => expect(await codeFor(await good({}, { typ }).sign(secret()))).toEqual([200, undefined]),
    )

    test.each<[what: string, make: () => Promise<string>, code: string]>([
      ['has expired', () => good({ iat: now() - 120, exp: now() - 1 }).sign(secret()), 'caller_expired'],
      ['never expires', () => good({ exp: undefined }).sign(secret()), 'caller_invalid'],
      ['does not say since when', () => good({ iat: undefined }).sign(secret()), 'caller_invalid'],
      ['comes from the future', () => good({ iat: now() + 3600, exp: now() + 3660 }).sign(secret()), 'caller_invalid'],
      ['lives longer than is allowed', () => good({ exp: now() + 366 * 86_400 }).sign(secret()), 'caller_invalid'],
      ['is for somebody else', () => good({ aud: 'another-service' }).sign(secret()), 'caller_invalid'],
      ['is for nobody in particular', () => good({ aud: undefined }).sign(secret()), 'caller_invalid'],
      ['is signed with another secret', () => good().sign(randomBytes(32)), 'caller_invalid'],
      ['is of another kind', () => good({}, { typ: 'JWT' }).sign(secret()), 'caller_invalid'],
      ['is of a media type that ends alike', () => good({}, { typ: 'text/postern-session+jwt' }).sign(secret()), 'caller_invalid'],
      ['is signed with a longer hash', () => good({}, { alg: 'HS512' }).sign(Buffer.concat([secret(), secret()])), 'caller_invalid'],
      [
        'is signed with a key pair of the attacker',
        async () => good({}, { alg: 'RS256' }).sign((await generateKeyPair('RS256')).privateKey),
        'caller_invalid',
      ],
      ['names a team that is a list', () => good({ team: ['acme'] }).sign(secret()), 'caller_invalid'],
      ['names a user with a line feed', () => good({ sub: 'a\nb' }).sign(secret()), 'caller_invalid'],
      ['names an empty project', () => good({ project: '' }).sign(secret()), 'caller_invalid'],
    ])('one that %s is refused', async (_, make, code) => {
      const before = house().emulator.seen.length
      expect(await codeFor(await make())).toEqual([401, code])
      expect(house().emulator.seen.length).toBe(before)
    })

    test('one without a signature is refused', async () => {
      const unsigned = new UnsecuredJWT({ ...claims, aud: 'postern', iat: now(), exp: now() + 60 }).encode()
      expect(await codeFor(unsigned)).toEqual([401, 'caller_invalid'])
      expect(await codeFor(`${unsigned}AAAA`)).toEqual([401, 'caller_invalid'])
    })

    test('one that was taken before is refused with other claims under the same beginning and signature', async () => {
      const token = await good().sign(secret())
      expect(await codeFor(token)).toEqual([200, undefined])
      const [header, payload, signature] = token.split('.') as [string, string, string]
      const other = Buffer.from(
        JSON.stringify({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), team: 'globex' }),
      ).toString('base64url')
      expect(await codeFor(`${header}.${other}.${signature}`)).toEqual([401, 'caller_invalid'])
      expect(await codeFor(`${token}A`)).toEqual([401, 'caller_invalid'])
    })

    test('one that expires while it is remembered is refused from then on', async () => {
      const token = await good({ exp: now() + 2 }).sign(secret())
      expect(await codeFor(token)).toEqual([200, undefined])
      await new Promise((resolve) => setTimeout(resolve, 2100))
      expect(await codeFor(token)).toEqual([401, 'caller_expired'])
    })
  })
})

describe('repeated failed authentication', () => {
  forEachDoor({}, (house) => {
    test('is answered 429 after a while, and costs those with a good credential nothing', async () => {
      const codes: number[] = []
      for (let time = 0; time < 60 && codes.at(-1) !== 429; time += 1) {
        const answer = await house().chat({ credential: `wrong-${time}` })
        codes.push(answer.status)
        if (answer.status !== 429) continue
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(await answer.json()).toMatchObject({ error: { code: 'rate_limited', type: 'rate_limit_error' } })
      }
      expect(codes.at(-1)).toBe(429)
      expect(codes.filter((code) => code === 401).length).toBeGreaterThan(5)
      expect((await house().chat()).status).toBe(200)
    })
  })
})
