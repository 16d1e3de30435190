import { checkConfig, checkRingKey, checkRingSecret } from '@postern/config'
import { Secret } from '@postern/ports'
import { describe, expect, test } from 'vitest'

const lengths = [1, 2, 3, 4, 7, 11, 12, 40]
const keyOf = (length: number): string => 'kA7_'.repeat(10).slice(0, length)

function check(key: string) {
  const config = {
    version: 1,
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: {
      main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' },
      two: { dialect: 'mintoken', baseURL: 'http://127.0.0.1:9/v1' },
    },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
  }
  const env = { KEY: key, SESSION: 'x'.repeat(40), MASTER: 'y'.repeat(40) }
  return checkConfig(config, { env, directory: process.cwd() })
}

describe('a key of few characters, which log lines and answers hold by chance,', () => {
  test.each(lengths)('is a warning below 12 in the configuration, whose own callers alone it concerns: one of %i', (length) => {
    const found = check(keyOf(length)).problems.filter(({ path }) => path === 'keys.acme.secret')
    const expected = length < 12 ? ['warning'] : []
    expect(found.map(({ severity }) => severity)).toEqual(expected)
  })

  test.each(lengths)('is no key for the ring below 12, whichever of its two secrets it is: one of %i', (length) => {
    const { checked } = check(keyOf(40))
    if (checked === undefined) throw new Error('The configuration is not good.')
    const [short, whole] = [new Secret(keyOf(length)), new Secret(keyOf(40))]
    const one = checkRingKey({ alias: 'globex', gateway: 'main', secret: short }, checked)
    const provider = checkRingKey({ alias: 'globex', gateway: 'two', secret: whole, providerSecret: short }, checked)
    expect([one, provider].map((problems) => problems.map(({ path }) => path))).toEqual(
      length < 12 ? [['secret'], ['providerSecret']] : [[], []],
    )
  })
})

describe('a key for the ring', () => {
  const { checked } = check(keyOf(40))
  if (checked === undefined) throw new Error('The configuration is not good.')
  const given = { gateway: 'main', secret: new Secret(keyOf(40)) }

  test.each(['usd', 'TL', 'dollars', '', 'U'.repeat(20_000)])(
    'has no account in %j, since no limit would count what it costs',
    (currency) => {
      expect(checkRingKey({ ...given, alias: 'globex', currency }, checked).map(({ path }) => path)).toEqual(['currency'])
    },
  )

  test.each(['USD', 'TRY', 'credits', undefined])('may have an account in %j', (currency) => {
    expect(checkRingKey({ ...given, alias: 'globex', currency }, checked)).toEqual([])
  })

  test.each(['acme', 'jt_production_key', 'two words'])(
    'that has the name %j already can get another secret, and no new key gets the name',
    (alias) => {
      expect(checkRingSecret({ ...given, alias }, checked)).toEqual([])
      expect(checkRingKey({ ...given, alias }, checked).map(({ path }) => path)).toContain('alias')
    },
  )
})
