import { createSessionMinter, type MintRequest } from '@postern/server'
import { generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'

const secret = 'a secret of at least thirty-two bytes'

describe('a session minter', () => {
  test('makes a token that says for whom it is and when it dies', async () => {
    const { token, id, expiresAt } = await createSessionMinter({ secret }).mint({ user: 'u_7', team: 'acme', project: 'labs', ttl: '5m' })
    const claims = decodeJwt(token)
    expect(claims).toMatchObject({ sub: 'u_7', team: 'acme', project: 'labs', aud: 'postern', jti: id, exp: expiresAt })
    expect(expiresAt - (claims.iat as number)).toBe(300)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'postern-session+jwt' })
  })

  test('lets a token live ten minutes where nobody says otherwise', async () => {
    const claims = decodeJwt((await createSessionMinter({ secret }).mint({ user: 'u_7' })).token)
    expect((claims.exp as number) - (claims.iat as number)).toBe(600)
  })

  test('gives every token its own id', async () => {
    const minter = createSessionMinter({ secret })
    expect((await minter.mint({ user: 'u' })).id).not.toBe((await minter.mint({ user: 'u' })).id)
  })

  test('binds a token to a page, to models, endpoints and a workflow', async () => {
    const bounds = {
      origin: 'https://app.example.com',
      models: ['auto', 'openai/*'],
      endpoints: ['chat/completions'],
      workflow: 'onboarding-42',
    }
    const { token } = await createSessionMinter({ secret }).mint({ user: 'u_7', ...bounds, maxTokens: 500 })
    expect(decodeJwt(token)).toMatchObject({ ...bounds, max_tokens: 500 })
  })

  test('binds a token to a number of calls and to a key', async () => {
    const jkt = 'A'.repeat(43)
    const { token } = await createSessionMinter({ secret }).mint({ user: 'u_7', maxCalls: 20, jkt })
    expect(decodeJwt(token)).toMatchObject({ max_calls: 20, cnf: { jkt } })
  })

  test('signs with a key pair of its own, and publishes the half that checks', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    for (const given of [privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string]) {
      const minter = createSessionMinter({ privateKey: given })
      const { keys } = minter.jwks()
      expect(JSON.stringify(keys)).not.toContain('"d"')
      const { token } = await minter.mint({ user: 'u_7' })
      const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: keys as JWK[] }))
      expect(payload.sub).toBe('u_7')
      expect(protectedHeader.kid).toBe(await calculateJwkThumbprint(keys[0] as JWK))
    }
    expect(createSessionMinter({ secret }).jwks()).toEqual({ keys: [] })
  })

  test.each([
    ['another kind of key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['a public key', generateKeyPairSync('ed25519').publicKey],
    ['no key', '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----'],
  ])('refuses %s in place of an Ed25519 private key, without repeating it', (_, privateKey) => {
    expect(() => createSessionMinter({ privateKey })).toThrow(/^"privateKey" must be an Ed25519 private key/)
  })

  test('refuses a secret that is too short', () => {
    expect(() => createSessionMinter({ secret: 'short' })).toThrow(TypeError)
  })

  test.each<[what: string, options: object, says: RegExp]>([
    ['a secret that is too short', { secret: 'short' }, /^"secret" has fewer than 32 bytes\. .*openssl rand/],
  ])('says of %s what is to be given', (_, options, says) => {
    expect(() => createSessionMinter(options as { secret: string })).toThrow(says)
  })

  test.each<[what: string, options: object, says: RegExp]>([
    ['a variable that is not set', { secret: undefined }, /^"secret" is missing\..*callers\.session\.secret/],
    ['a variable that is empty', { secret: '' }, /^"secret" is missing/],
    ['nothing at all', {}, /^"secret" is missing/],
    ['a key that is not set', { privateKey: undefined }, /^"privateKey" is missing\. .*Ed25519/],
    ['a key that is empty', { privateKey: '' }, /^"privateKey" is missing/],
  ])('is made with %s, as builds do that run a module, and says what is to be given when it is used', async (_, options, says) => {
    const minter = createSessionMinter(options as { secret: string | undefined })
    expect(minter.ttlSeconds).toBe(600)
    await expect(minter.mint({ user: 'u' })).rejects.toThrow(says)
    expect(() => minter.jwks()).toThrow(says)
  })

  test('takes what the environment says as it is typed', async () => {
    const env: Readonly<Record<string, string | undefined>> = { SECRET: secret }
    expect(decodeJwt((await createSessionMinter({ secret: env['SECRET'] }).mint({ user: 'u' })).token).sub).toBe('u')
    expect(() => createSessionMinter({ privateKey: env['KEY'] })).not.toThrow()
  })

  test.each<[member: string, says: RegExp]>([
    ['max_calls', /"maxCalls" is probably meant/],
    ['MaxTokens', /"maxTokens" is probably meant/],
    ['model', /"models" is probably meant/],
    ['Team', /"team" is probably meant/],
    ['spend', /it would not be enforced/],
  ])('says of the member %s what it takes it for', async (member, says) => {
    await expect(createSessionMinter({ secret }).mint({ user: 'u', [member]: 1 })).rejects.toThrow(says)
  })

  test.each([
    ['/v1/chat/completions', 'chat/completions'],
    ['v1/responses', 'responses'],
    ['//files/', 'files'],
    ['/v1/*', '*'],
  ])('says how the endpoint %s is written', async (name, plain) => {
    await expect(createSessionMinter({ secret }).mint({ user: 'u', endpoints: ['models', name] })).rejects.toThrow(
      `"endpoints" holds paths as they stand below /v1/, without a slash at either end, such as "${plain}".`,
    )
  })

  test.each([
    [{}],
    [{ user: 'u', ttl: '5 minutes' }],
    [{ user: 'u', ttl: 0 }],
    [{ user: 'u', ttl: 1.5 }],
    [{ user: '' }],
    [{ team: 'a\nb' }],
    [{ user: 'u', models: [] }],
    [{ user: 'u', models: 'auto' as unknown as string[] }],
    [{ user: 'u', models: [''] }],
    [{ user: 'u', endpoints: Array.from({ length: 101 }, () => 'x') }],
    [{ user: 'u', endpoints: ['/v1/chat/completions'] }],
    [{ user: 'u', endpoints: ['responses', '/responses'] }],
    [{ user: 'u', endpoints: ['v1/responses'] }],
    [{ user: 'u', endpoints: ['files/'] }],
    [{ user: 'u', origin: 'app.example.com' }],
    [{ user: 'u', origin: 'https://app.example.com/' }],
    [{ user: 'u', workflow: 'with spaces' }],
    [{ user: 'u', maxTokens: 0 }],
    [{ user: 'u', maxTokens: 1.5 }],
    [{ user: 'u', maxCalls: 0 }],
    [{ user: 'u', jkt: 'short' }],
    [{ user: 'u', spend: 1 } as MintRequest],
  ])('refuses to mint for %j', async (request) => {
    await expect(createSessionMinter({ secret }).mint(request)).rejects.toThrow(TypeError)
  })
})
