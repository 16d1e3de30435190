import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig, type Problem } from '@postern/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const digest = hash('sha256', 'a caller')
const env = {
  KEY: 'jt_0123456789',
  SHORT: 'short',
  LONG: 'l'.repeat(32),
  EMPTY: '',
  SPACED: 'jt_a b',
  RING: `agent:${digest}`,
  BAD_RING: `agent:${digest},oops`,
}

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-config-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const good = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
}

function check(config: unknown) {
  return checkConfig(config, { env, directory })
}

function errorsOf(config: unknown): readonly Problem[] {
  const { checked, problems } = check(config)
  const errors = problems.filter(({ severity }) => severity === 'error')
  expect(checked === undefined).toBe(errors.length > 0)
  return errors
}

describe('a good configuration', () => {
  test('has no problems, and defaults where it says nothing', () => {
    const { checked, problems } = check(good)
    expect(problems).toEqual([])
    expect(checked?.config).toMatchObject({ listen: { host: '127.0.0.1', port: 8787 }, mount: '/ai' })
  })

  test('reads a secret from a file relative to its own folder, without the line break at the end', () => {
    writeFileSync(join(directory, 'key'), 'jt_from_a_file\n')
    const { checked } = check({ ...good, keys: { acme: { gateway: 'main', secret: { file: 'key' } } } })
    expect(checked?.secrets.get('keys.acme.secret')?.reveal()).toBe('jt_from_a_file')
  })

  test('holds no secret that could be printed', () => {
    expect(JSON.stringify(check(good))).not.toContain(env.KEY)
  })
})

describe('a bad configuration', () => {
  test.each([
    ['keys.__proto__', { keys: { ['__proto__']: 'acme', acme: good.keys.acme } }],
    ['keys.__proto__', { keys: { ['__proto__']: good.keys.acme, acme: { ...good.keys.acme, shared: true } } }],
    ['gateways.__proto__', { gateways: { ...good.gateways, ['__proto__']: { dialect: 'openai' } } }],
    ['__proto__', { ['__proto__']: 5 }],
    ['callers.service.principals.__proto__', { callers: { service: { hashes: { env: 'RING' }, principals: { ['__proto__']: {} } } } }],
  ])('says of a member that nothing can have that it is none, and not nothing: %s', (path, part) => {
    expect(
      errorsOf({ ...good, ...part, ...(path === '__proto__' ? JSON.parse('{"__proto__":5}') : {}) }).map((each) => each.path),
    ).toContain(path)
  })

  test('is refused with all its problems at once, each with its path and what to write instead', () => {
    const errors = errorsOf({
      ...good,
      lisen: {},
      keys: {
        acme: { gateway: 'main', secret: { env: 'MISSING' } },
        globex: { gateway: 'main', secret: 'jt_a_literal_secret' },
        other: { gateway: 'main', secret: { env: 'KEY' } },
      },
      bindings: [
        { team: 'acme', key: 'acme' },
        { team: 'acme', key: 'other' },
      ],
      callers: { service: { hashes: { env: 'BAD_RING' } } },
    })
    expect(errors.map(({ path }) => path).toSorted()).toEqual(
      ['bindings[1]', 'callers.service.hashes', 'keys.acme.secret', 'keys.globex.secret', 'lisen'].toSorted(),
    )
    for (const { reason, fix } of errors) {
      expect(reason).not.toBe('')
      expect(fix).not.toBe('')
    }
    expect(JSON.stringify(errors)).not.toContain('literal')
  })

  test.each<[what: string, change: object, path: string, words: RegExp]>([
    ['a setting with a slip of the pen', { listn: {} }, 'listn', /Did you mean "listen"/],
    [
      'a nested unknown setting',
      { gateways: { main: { dialect: 'joytoken', basURL: 'x' } } },
      'gateways.main.basURL',
      /Did you mean "baseURL"/,
    ],
    ['a choice that no gateway offers', { policies: { choices: { intensity: 'lite' } } }, 'policies.choices.intensity', /Remove it/],
    [
      'a choice of what there is not',
      {
        gateways: { main: { dialect: 'joytoken' }, other: { dialect: 'mintoken' } },
        policies: { rules: [{ choices: { intensity: 'max' } }] },
      },
      'policies.rules[0].choices.intensity',
      /lite, full, ultra, caller/,
    ],
    [
      'a misspelt choice',
      { gateways: { main: { dialect: 'mintoken' } }, policies: { choices: { intens: 'lite' } } },
      'policies.choices.intens',
      /Known here: intensity/,
    ],
    ['attempts without an end', { gateways: { main: { dialect: 'joytoken', attempts: 99 } } }, 'gateways.main.attempts', /./],
    [
      'a place for the store that is none',
      { store: { postgresql: { env: 'DATABASE_URL' } } },
      'store.postgresql',
      /Did you mean "postgres"/,
    ],
    ['an unknown dialect', { gateways: { main: { dialect: 'joy' } } }, 'gateways.main.dialect', /joytoken/],
    ['a dialect without a default address', { gateways: { main: { dialect: 'openai' } } }, 'gateways.main.baseURL', /is missing/],
    [
      'an address with a key in it',
      { gateways: { main: { dialect: 'openai', baseURL: 'https://x.example/v1?key=1' } } },
      'gateways.main.baseURL',
      /more than scheme/,
    ],
    ['a missing part', { keys: undefined }, 'keys', /is missing/],
    ['an empty variable', { keys: { acme: { gateway: 'main', secret: { env: 'EMPTY' } } } }, 'keys.acme.secret', /is empty/],
    ['a secret that no header can carry', { keys: { acme: { gateway: 'main', secret: { env: 'SPACED' } } } }, 'keys.acme.secret', /header/],
    ['a file that is not there', { keys: { acme: { gateway: 'main', secret: { file: 'nowhere' } } } }, 'keys.acme.secret', /ENOENT/],
    ['a binding to nowhere', { bindings: [{ team: 'acme', key: 'nobody' }] }, 'bindings[0].key', /not there/],
    ['a binding for nobody', { bindings: [{ key: 'acme' }] }, 'bindings[0]', /does not say for whom/],
    ['a binding for somebody and everybody', { bindings: [{ team: 'a', default: true, key: 'acme' }] }, 'bindings[0]', /at once/],
    [
      'two default bindings',
      {
        bindings: [
          { default: true, key: 'acme' },
          { default: true, key: 'acme' },
        ],
      },
      'bindings[1]',
      /same caller/,
    ],
    ['a short session secret', { callers: { session: { secret: { env: 'SHORT' } } } }, 'callers.session.secret', /32 bytes/],
    [
      'tokens that would be refused',
      { callers: { session: { secret: { env: 'LONG' }, ttl: '2d', maxTtl: '1d' } } },
      'callers.session.ttl',
      /maxTtl/,
    ],
    ['no way to say who calls', { callers: {} }, 'callers', /no way to prove/],
    [
      'a time without a unit',
      { gateways: { main: { dialect: 'joytoken', timeouts: { idle: '30' } } } },
      'gateways.main.timeouts.idle',
      /unit/,
    ],
    ['an admin listener for the world', { admin: { host: '0.0.0.0', port: 1 } }, 'admin', /port of this machine/],
    ['an origin that is none', { browser: { origins: ['app.example.com/'] } }, 'browser.origins[0]', /not an origin/],
    ['a mount that ends in a slash', { mount: '/ai/' }, 'mount', /without a slash/],
  ])('is told: %s', (_, change, path, words) => {
    const errors = errorsOf({ ...good, ...change })
    const found = errors.find((problem) => problem.path === path)
    expect(`${found?.reason} ${found?.fix}`).toMatch(words)
  })

  test('is told what a dialect needs beside the key', () => {
    const errors = errorsOf({
      ...good,
      gateways: { min: { dialect: 'mintoken' }, free: { dialect: 'freeai' }, joy: { dialect: 'joytoken' } },
      keys: {
        min: { gateway: 'min', secret: { env: 'KEY' } },
        free: { gateway: 'free', secret: { env: 'KEY' }, project: 'not a project' },
        joy: { gateway: 'joy', secret: { env: 'KEY' }, providerSecret: { env: 'KEY' }, project: 'x' },
      },
      bindings: [],
    })
    expect(errors.map(({ path }) => path)).toEqual([
      'keys.min.providerSecret',
      'keys.free.project',
      'keys.joy.providerSecret',
      'keys.joy.project',
    ])
  })

  test.each([undefined, null, 'text', [], 7])('is refused when it is %j', (config) => {
    expect(errorsOf(config).length).toBeGreaterThan(0)
  })
})

describe('a warning', () => {
  test('does not stop the start', () => {
    const { checked, problems } = check({
      ...good,
      gateways: { main: { dialect: 'opentoken', baseURL: 'http://gateway.internal/v1' } },
      callers: { service: { hashes: { env: 'RING' }, principals: { ghost: { team: 'acme' } } } },
    })
    expect(checked).toBeDefined()
    expect(problems.map(({ path, severity }) => [path, severity])).toEqual([
      ['gateways.main.baseURL', 'warning'],
      ['keys.acme.secret', 'warning'],
      ['callers.service.principals.ghost', 'warning'],
      ['callers.service.principals', 'warning'],
    ])
  })
})

describe('a key that does not look like one of its gateway', () => {
  const keyOf: Readonly<Record<string, string>> = {
    joytoken: 'jt_0123456789',
    opentoken: 'sk-optk-0123456789',
    freeai: `fai_${'A'.repeat(43)}`,
    onysoft: `sk-ony-${'0a'.repeat(24)}`,
    mintoken: 'mt_live_0123456789',
  }
  const warningsOf = (dialect: string, secret: string, providerSecret = 'sk-ant-api03-0123456789') => {
    const { problems, checked } = checkConfig(
      {
        ...good,
        gateways: { main: { dialect } },
        keys: {
          acme: {
            gateway: 'main',
            secret: { env: 'GATEWAY' },
            ...(dialect === 'freeai' ? { project: 'p' } : {}),
            ...(dialect === 'mintoken' ? { providerSecret: { env: 'PROVIDER' } } : {}),
          },
        },
      },
      { env: { ...env, GATEWAY: secret, PROVIDER: providerSecret }, directory },
    )
    // The documents leave room for other forms, so it is no more than a warning.
    expect(checked).toBeDefined()
    return problems
  }

  test.each(Object.keys(keyOf))('is warned of for %s, and no other', (dialect) => {
    expect(warningsOf(dialect, keyOf[dialect] as string)).toEqual([])
    for (const [other, key] of Object.entries(keyOf)) {
      if (other === dialect) continue
      const [warning] = warningsOf(dialect, key)
      expect(warning).toMatchObject({
        path: 'keys.acme.secret',
        severity: 'warning',
        reason: expect.stringContaining('does not look like'),
      })
      expect(JSON.stringify(warning)).not.toContain(key)
    }
  })

  test('is told of a provider’s key as well: the two are easily swapped', () => {
    const swapped = warningsOf('mintoken', 'sk-ant-api03-0123456789', 'mt_live_0123456789')
    expect(swapped.map(({ path }) => path)).toEqual(['keys.acme.secret', 'keys.acme.providerSecret'])
    expect(warningsOf('mintoken', 'mt_live_0123456789', 'AIzaSyA0123456789')).toEqual([])
    expect(warningsOf('freeai', 'gw_0123456789')).toEqual([])
  })

  test.each<[baseURL: string, key: string, reason: string | undefined]>([
    ['https://gateway.example/v1', 'anything-0123456789', undefined],
    ['https://gateway.example/v1', 'sk-0123456789', undefined],
    ['https://openai.example/v1', 'AIzaSyA0123456789', undefined],
    ['https://gateway.example/v1', 'jt_0123456789', 'looks like a key of JoyToken.'],
    ['https://gateway.example/v1', 'sk-optk-0123456789', 'looks like a key of OpenToken.'],
    ['https://api.openai.com/v1', 'sk-proj-0123456789', undefined],
    ['https://api.openai.com/v1', 'anything-0123456789', 'does not look like a key of OpenAI.'],
  ])('of the dialect openai at %s with the key %s', (baseURL, key, reason) => {
    const config = { ...good, gateways: { main: { dialect: 'openai', baseURL } } }
    const { problems, checked } = checkConfig(config, { env: { ...env, KEY: key }, directory })
    expect(checked).toBeDefined()
    expect(problems.map((each) => each.reason)).toEqual(reason === undefined ? [] : [reason])
  })
})
