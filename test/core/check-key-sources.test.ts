import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig, type CheckResult } from '@postern/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const env = {
  KEY: 'sk_a_key_of_the_gateway',
  SESSION: 'x'.repeat(40),
  TOKEN: 'hvs.token-of-the-operator',
  CLIENT: 'the-secret-of-the-client',
}
const dayMs = 86_400_000

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-key-sources-'))
  writeFileSync(join(directory, 'key'), 'sk_a_key_in_a_file')
  writeFileSync(join(directory, 'no-certificate'), 'not a certificate')
})
afterAll(() => rmSync(directory, { recursive: true }))

function check(key: object, further: object = {}): CheckResult {
  const config = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', ...key } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    ...further,
  }
  return checkConfig(config, { env, directory })
}

/** What is said of the settings of keys and their sources, as `path: reason`. */
const said = ({ problems }: CheckResult): readonly string[] =>
  problems.filter(({ path }) => /^(?:keys|vault|keySources)/.test(path)).map(({ path, reason }) => `${path}: ${reason}`)

const inVault = { secret: { vault: 'secret/data/gateways#acme' } }
const vault = { url: 'https://vault.internal:8200', token: { env: 'TOKEN' } }
const oauth = { url: 'https://id.example.com/token', clientId: 'postern', clientSecret: { env: 'CLIENT' }, audience: 'gateway' }

describe('a source of a key that is right', () => {
  test.each<[string, object, object]>([
    ['Vault with a token', inVault, { vault }],
    ['Vault on this machine', inVault, { vault: { ...vault, url: 'http://127.0.0.1:8200' } }],
    ['Vault with an AppRole', inVault, { vault: { url: vault.url, appRole: { roleId: 'role', secretId: { env: 'TOKEN' } } } }],
    ['a program', { secret: { exec: ['/bin/cat', '/dev/null'], variables: ['TOKEN'] } }, {}],
    ['client credentials', { secret: { oauth } }, {}],
    ['client credentials with a scope', { secret: { oauth: { ...oauth, audience: undefined, scope: 'api/.default' } } }, {}],
    [
      'a token exchange',
      { secret: { tokenExchange: { url: oauth.url, subjectToken: { file: 'none-yet' }, resource: 'https://g.example' } } },
      {},
    ],
  ])('is taken: %s', (_, key, further) => {
    const result = check(key, further)
    expect(said(result)).toEqual([])
    expect(result.checked).toBeDefined()
  })

  test('is not asked by a check, and has no secret in it', () => {
    const { checked } = check({ secret: { exec: ['/bin/false'] } })
    expect(checked?.secrets.has('keys.acme.secret')).toBe(false)
  })
})

describe('a source of a key that is wrong', () => {
  test.each<[string, object, object, string]>([
    ['a key in a Vault that is not configured', inVault, {}, 'keys.acme.secret: is in Vault, and no vault is configured that can be used.'],
    [
      'a place of version 1',
      { secret: { vault: 'secret/gateways#acme' } },
      { vault },
      'keys.acme.secret.vault: is not a path of the key/value engine with a field.',
    ],
    [
      'a place without a field',
      { secret: { vault: 'secret/data/gateways' } },
      { vault },
      'keys.acme.secret.vault: is not a path of the key/value engine with a field.',
    ],
    [
      'a place that leads elsewhere',
      { secret: { vault: 'secret/data/../../sys/raw#acme' } },
      { vault },
      'keys.acme.secret.vault: is not a path of the key/value engine with a field.',
    ],
    ['a Vault without a proof', inVault, { vault: { url: vault.url } }, 'vault: does not say how Postern proves itself there.'],
    [
      'a Vault with two proofs',
      inVault,
      { vault: { ...vault, appRole: { roleId: 'r', secretId: { env: 'TOKEN' } } } },
      'vault: has both a token and an AppRole.',
    ],
    [
      'a Vault over http',
      inVault,
      { vault: { ...vault, url: 'http://vault.internal:8200' } },
      'vault.url: would fetch keys over plain http, where anybody on the way could read them.',
    ],
    [
      'a redirect over http',
      inVault,
      { vault: { ...vault, redirects: ['http://vault.internal'] } },
      'vault.redirects[0]: would fetch keys over plain http, where anybody on the way could read them.',
    ],
    [
      'a certificate that is none',
      inVault,
      { vault: { ...vault, ca: 'no-certificate' } },
      'vault.ca: names a file that holds no certificate in PEM.',
    ],
    [
      'a token that is not there',
      inVault,
      { vault: { ...vault, token: { env: 'NONE' } } },
      'vault.token: points to the environment variable NONE, which is not set.',
    ],
    [
      'a variable that is not there',
      { secret: { exec: ['/bin/cat'], variables: ['NONE'] } },
      {},
      'keys.acme.secret.variables[NONE]: points to the environment variable NONE, which is not set.',
    ],
    [
      'a token for anything',
      { secret: { oauth: { ...oauth, audience: undefined } } },
      {},
      'keys.acme.secret.oauth: does not say what the token is for, so the token might be good anywhere.',
    ],
    [
      'a token endpoint over http',
      { secret: { oauth: { ...oauth, url: 'http://id.example.com/token' } } },
      {},
      'keys.acme.secret.oauth.url: would fetch keys over plain http, where anybody on the way could read them.',
    ],
    [
      'a secret in an address',
      { secret: { oauth: { ...oauth, url: 'https://a:b@id.example.com/token' } } },
      {},
      'keys.acme.secret.oauth.url: holds more than scheme, host and path.',
    ],
    [
      'a value that ends before it is read again',
      inVault,
      { vault, keySources: { poll: '5m', cache: '1m' } },
      'keySources.cache: is less than keySources.poll, so keys would be missing in between.',
    ],
    [
      'an age that nobody knows',
      { secret: { env: 'KEY' }, rotateAfter: '90d' },
      {},
      'keys.acme.rotateAfter: needs to know how old the key is, which its source does not tell.',
    ],
    [
      'an age of a token',
      { secret: { oauth }, rotateAfter: '90d' },
      {},
      'keys.acme.rotateAfter: is about a key that is a new token every time.',
    ],
    ['a date that is none', { secret: { env: 'KEY' }, expires: 'next year' }, {}, 'keys.acme.expires: is not a date.'],
  ])('is refused: %s', (_, key, further, reason) => {
    const result = check(key, further)
    expect(said(result)).toContain(reason)
    expect(result.checked).toBeUndefined()
  })

  test('a program that is not there is a warning, since it may be installed later', () => {
    const result = check({ secret: { exec: ['/usr/local/bin/none-of-this-name'] } })
    expect(said(result)).toEqual(['keys.acme.secret.exec: names no file that can be run.'])
    expect(result.checked).toBeDefined()
  })
})

describe('the dates of a key', () => {
  const onDay = (days: number): string => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10)

  test.each<[string, object, RegExp | undefined]>([
    ['15 days before its end', { expires: onDay(16) }, undefined],
    ['less than 14 days before its end', { expires: onDay(13) }, /^keys\.acme: expires on \d{4}-\d\d-\d\d\.$/],
    ['after its end', { expires: onDay(-2) }, /^keys\.acme: expired on /],
    ['long before it is too old', { rotateAfter: '90d', rotated: onDay(-30) }, undefined],
    [
      'soon before it is too old',
      { rotateAfter: '90d', rotated: onDay(-80) },
      /^keys\.acme: should be replaced by .*: it is 80 days old\.$/,
    ],
    [
      'when it is too old',
      { rotateAfter: '90d', rotated: onDay(-100) },
      /^keys\.acme: should have been replaced by .*: it is 100 days old\.$/,
    ],
  ])('say %s what its operator should know', (_, dates, notice) => {
    const result = check({ secret: { env: 'KEY' }, ...dates })
    expect(said(result)).toEqual(notice === undefined ? [] : [expect.stringMatching(notice)])
    expect(result.checked).toBeDefined()
  })

  test('are those of its file, where that is how it is given', () => {
    utimesSync(join(directory, 'key'), new Date(), new Date(Date.now() - 89 * dayMs))
    expect(said(check({ secret: { file: 'key' }, rotateAfter: '90d' }))).toEqual([
      expect.stringMatching(/should be replaced by .*: it is 89 days old/),
    ])
    utimesSync(join(directory, 'key'), new Date(), new Date())
    expect(said(check({ secret: { file: 'key' }, rotateAfter: '90d' }))).toEqual([])
  })
})

describe('whose account a key is', () => {
  test.each<[string, object, object]>([
    ['one place in Vault', inVault, inVault],
    ['one client, whatever its tokens are for', { secret: { oauth } }, { secret: { oauth: { ...oauth, audience: 'another' } } }],
    ['one program with the same arguments', { secret: { exec: ['/bin/cat', '/a'] } }, { secret: { exec: ['/bin/cat', '/a'] } }],
  ])('is the same for two keys of %s, so nothing is stored under them', (_, acme, globex) => {
    const keys = { acme: { gateway: 'main', ...acme }, globex: { gateway: 'main', ...globex } }
    const bindings = [
      { team: 'acme', key: 'acme' },
      { team: 'globex', key: 'globex' },
    ]
    const { checked } = check({}, { keys, bindings, vault })
    expect(checked?.tenants.get('acme')).toMatchObject({ several: true, aliases: ['acme', 'globex'] })
  })
})
