import { generateKeyPairSync, hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkConfig } from '@postern/config'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/identity.md'), 'utf8')
const config = (jwt: unknown) => ({
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { jwt },
})
const check = (jwt: unknown) => checkConfig(config(jwt), { env: { KEY: 'jt_0123456789' }, directory: '.' })

describe('the page of identity providers', () => {
  test('shows an entry that is good as it stands', () => {
    const [, text] = /^```yaml\n([\s\S]*?)^```$/m.exec(page) ?? []
    const { callers } = parse(text as string) as { callers: { jwt: unknown } }
    expect(check(callers.jwt).problems).toEqual([])
  })

  const configurations = [...page.matchAll(/^```yaml config\n([\s\S]*?)^```$/gm)].map(([, text]) => text as string)
  test('shows configurations for every way', () => {
    expect(configurations.length).toBe(5)
  })
  test.each(configurations.map((text) => [text.split('\n')[1]?.trim(), text]))(
    'the configuration with %s is good as it stands, and with all that is commented out',
    (_, text) => {
      for (const written of [text, text.replaceAll(/^(\s*)# (\w+: )/gm, '$1$2')]) {
        const whole = { ...config(undefined), callers: { service: { hashes: { env: 'RING' } } }, ...(parse(written) as object) }
        const directory = mkdtempSync(join(tmpdir(), 'postern-page-'))
        writeFileSync(join(directory, 'identity.pem'), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
        const env = { KEY: 'jt_0123456789', POSTERN_SESSION_SECRET: 's'.repeat(32), RING: `a:${hash('sha256', 'a')}` }
        expect(checkConfig(whole, { env, directory }).problems.filter(({ severity }) => severity === 'error')).toEqual([])
        rmSync(directory, { recursive: true })
      }
    },
  )

  const recipes = [...page.matchAll(/^\*\*(\w+)\.\*\*[\s\S]*?^```yaml recipe\n([\s\S]*?)^```$/gm)]
  test('has a recipe for each of six', () => {
    expect(recipes.map(([, name]) => name)).toEqual(['Auth0', 'Clerk', 'Supabase', 'Firebase', 'Cognito', 'Keycloak'])
  })
  test.each(recipes.map(([, name, text]) => [name as string, text as string]))('the recipe for %s is good as it stands', (_, text) => {
    expect(check([parse(text)]).problems).toEqual([])
  })

  test.each<[what: string, change: object, path: string]>([
    ['an issuer without an audience', { audience: undefined }, 'callers.jwt[0].audience'],
    ['an issuer without algorithms', { algorithms: undefined }, 'callers.jwt[0].algorithms'],
    ['no algorithm at all', { algorithms: [] }, 'callers.jwt[0].algorithms'],
    ['an algorithm with a shared secret', { algorithms: ['HS256'] }, 'callers.jwt[0].algorithms[0]'],
    ['keys over plain http', { jwks: 'http://id.example.com/jwks.json' }, 'callers.jwt[0].jwks'],
    ['keys with a password', { jwks: 'https://a:b@id.example.com/jwks.json' }, 'callers.jwt[0].jwks'],
    ['a clock that differs by days', { clockSkew: '10d' }, 'callers.jwt[0].clockSkew'],
    ['keys that are no address', { jwks: './keys.json' }, 'callers.jwt[0].jwks'],
    ['a claim that is no path', { claims: { user: 7 } }, 'callers.jwt[0].claims.user'],
  ])('what it says is mandatory is: %s is refused', (_, change, path) => {
    const entry = {
      issuer: 'https://id.example.com/',
      audience: 'postern',
      jwks: 'https://id.example.com/jwks.json',
      algorithms: ['RS256'],
      ...change,
    }
    const { checked, problems } = check([entry])
    expect(checked).toBeUndefined()
    expect(problems.map((problem) => problem.path)).toContain(path)
  })

  test('one issuer has one entry', () => {
    const entry = {
      issuer: 'https://id.example.com/',
      audience: 'postern',
      jwks: 'https://id.example.com/jwks.json',
      algorithms: ['RS256'],
    }
    const errors = check([entry, entry]).problems.filter(({ severity }) => severity === 'error')
    expect(errors).toMatchObject([{ path: 'callers.jwt[1].issuer' }])
  })
})
