import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig, checkRingKey } from '@postern/config'
import { issueKey } from '@postern/emulator'
import { Secret } from '@postern/ports'
import { redactKeys } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'

/** Keys that have the form of a name as well. */
const pasted: readonly (readonly [string, string])[] = [
  ['JoyToken', issueKey('joytoken').secret],
  ['OpenAI', `sk-proj-${randomBytes(12).toString('hex')}`],
  ['Google', `AIza${randomBytes(16).toString('hex')}`],
  ['Groq', `gsk_${randomBytes(16).toString('hex')}`],
  ['a provider, behind a word', `key.sk-${randomBytes(12).toString('hex')}`],
]

const [secret, session] = [{ env: 'KEY' }, { env: 'SESSION' }]
const good = {
  version: 1,
  store: { sqlite: './postern.db' },
  keyRing: { masterKeys: [{ id: 'k1', secret: session }] },
  gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
  keys: { acme: { gateway: 'main', secret } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: session } },
}
const gateway = good.gateways.main
const env = { KEY: 'kA7_'.repeat(10), SESSION: 'x'.repeat(40) }
const check = (config: unknown) => checkConfig(config, { env, directory: tmpdir() })

/** Where the operator writes a name that clients, logs or metrics are told. */
const places: Readonly<Record<string, (name: string) => object>> = {
  'a key': (name) => ({ keys: { ...good.keys, [name]: { gateway: 'main', secret } } }),
  'a key with a date': (name) => ({ keys: { ...good.keys, [name]: { gateway: 'main', secret, expires: '2999-01-01' } } }),
  'a gateway': (name) => ({ gateways: { ...good.gateways, [name]: gateway } }),
  'a limit': (name) => ({ limits: { rules: [{ name, requests: 1 }] } }),
  'a master key': (name) => ({ keyRing: { masterKeys: [{ id: name, secret: session }] } }),
}

describe.each(pasted)('a key of %s', (_, key) => {
  test.each(Object.keys(places))('key-in-the-place-of-a-name: it is not taken as the name of %s, and is not repeated', (place) => {
    const { problems, checked } = check({ ...good, ...places[place]?.(key) })
    expect(checked).toBeUndefined()
    expect(problems).toContainEqual(
      expect.objectContaining({ severity: 'error', reason: expect.stringContaining('has the form of a key') }),
    )
    expect(JSON.stringify(problems)).not.toContain(key)
  })

  test('key-in-the-place-of-a-name: it is not taken as the alias of a key of the ring, and is not repeated', () => {
    const { checked } = check(good)
    if (checked === undefined) throw new Error('The configuration is not good.')
    const problems = checkRingKey({ alias: key, gateway: 'main', secret: new Secret('the-alias-of-acme') }, checked)
    expect(problems.map(({ path }) => path)).toEqual(['alias'])
    expect(JSON.stringify(problems)).not.toContain(key)
  })
})

test.each(['globex', 'task-sk_17', 'sk-1', 'jt_acme', 'gw_west', 'eu.west-1_b', '__proto__', 'constructor'])(
  'key-in-the-place-of-a-name: %s has the form of no key, and may be an alias',
  (alias) => {
    expect(redactKeys(alias)).toBe(alias)
    const { checked } = check(good)
    if (checked === undefined) throw new Error('The configuration is not good.')
    expect(checkRingKey({ alias, gateway: 'main', secret: new Secret('sk_the_key_of_this_alias') }, checked)).toEqual([])
  },
)

describe('an import whose columns are swapped', () => {
  const key = 'sk-proj-REALsecret0000111122223333'
  let cwd: string
  const pathOf = (name: string): string => join(cwd, name)
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'postern-swapped-'))
    writeFileSync(pathOf('postern.json'), JSON.stringify({ ...good, keys: {}, bindings: [] }))
    writeFileSync(pathOf('.env'), `SESSION=${env.SESSION}\n`)
    writeFileSync(pathOf('keys.csv'), `alias,gateway,secret,team\n${key},main,the-alias-of-acme,acme\n`)
    writeFileSync(pathOf('keys.jsonl'), JSON.stringify({ alias: key, gateway: 'main', secret: 'the-alias-of-acme' }))
  })
  afterAll(() => rmSync(cwd, { recursive: true }))

  test.each(['keys.csv', 'keys.jsonl'])('key-in-the-place-of-a-name: it is refused by its line, without the key: %s', async (file) => {
    const { code, stdout, stderr } = await runInProcess(['keys', 'import', pathOf(file), '--config', pathOf('postern.json')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/line [12]: alias has the form of a key/)
    expect(stdout + stderr).not.toContain(key)
  })
})
