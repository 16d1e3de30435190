import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkConfig } from '@postern/core'
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
    expect(check([entry, entry]).problems).toMatchObject([{ path: 'callers.jwt[1].issuer' }])
  })
})
