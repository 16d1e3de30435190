import { EMULATED_GATEWAYS, issueKey } from '@postern/emulator'
import { postern } from '@postern/express'
import { checkConfig, type ConfigInput } from '@postern/config'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'

const cwd = tmpdir()

/** Loaded for the team acme, and of no form that any gateway documents. */
const plain = `Zq${randomBytes(24).toString('hex')}`

const keys: readonly (readonly [string, string])[] = [
  ...EMULATED_GATEWAYS.map((gateway) => [`of ${gateway}`, issueKey(gateway).secret] as const),
  ['of a provider', `sk-proj-${randomBytes(24).toString('hex')}`],
  ['of no known form, that is loaded', plain],
]

const secret = { env: 'JOY_KEY_ACME' }
const good = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { service: { hashes: { env: 'RING' }, principals: { agent: { user: 'svc', team: 'acme' } } } },
}

const withKey = (acme2: unknown): unknown => ({ ...good, keys: { ...good.keys, acme2 } })

/** Where somebody pastes a key who meant well. */
const misplaced: Readonly<Record<string, (key: string) => unknown>> = {
  'as the secret': (key) => withKey({ gateway: 'main', secret: key }),
  'as the name of a variable': (key) => withKey({ gateway: 'main', secret: { env: key } }),
  'as the name of a file': (key) => withKey({ gateway: 'main', secret: { file: key } }),
  'as the name of a file, in a folder': (key) => withKey({ gateway: 'main', secret: { file: `./secrets/${key}.txt` } }),
  'beside the name of a variable': (key) => withKey({ gateway: 'main', secret: { env: 'JOY_KEY_ACME', [key]: 1 } }),
  'as a gateway': (key) => withKey({ gateway: key, secret }),
  'as a dialect': (key) => ({ ...good, gateways: { ...good.gateways, other: { dialect: key } } }),
  'as an alias': (key) => ({ ...good, keys: { ...good.keys, [key]: { gateway: 'main', secret: { env: 'NOPE' } } } }),
  'as the name of a gateway': (key) => ({ ...good, gateways: { ...good.gateways, [key]: { dialect: 'openai' } } }),
  'in a binding': (key) => ({ ...good, bindings: [...good.bindings, { team: 'other', key }] }),
  'as a team that is bound twice': (key) => ({
    ...good,
    bindings: [
      { team: key, key: 'acme' },
      { team: key, key: 'acme' },
    ],
  }),
  'as a setting': (key) => ({ ...good, [key]: 1 }),
  'as a setting of a gateway': (key) => ({ ...good, gateways: { main: { dialect: 'joytoken', [key]: 1 } } }),
  'as a choice': (key) => ({ ...good, policies: { choices: { [key]: key } } }),
  'as a header': (key) => ({ ...good, gateways: { main: { dialect: 'joytoken', passHeaders: [key] } } }),
  'as a label of a caller': (key) => ({
    ...good,
    callers: { service: { hashes: { env: 'RING' }, principals: { [key]: { user: 'svc', team: 'acme' } } } },
  }),
}

const env = { JOY_KEY_ACME: plain, RING: `agent:${'5'.repeat(64)}` }

describe.each(Object.entries(misplaced))('a key that was pasted %s', (_, misplace) => {
  test.each(keys)('is not repeated by what is said of it: one %s', (_of, key) => {
    const { problems } = checkConfig(misplace(key), { env, directory: cwd })
    expect(problems).not.toEqual([])
    expect(JSON.stringify(problems)).not.toContain(key)
  })

  test('is not repeated by the embedded door', () => {
    const [[, key]] = keys as [readonly [string, string]]
    let said = ''
    try {
      void postern(misplace(key) as ConfigInput, { directory: cwd, env }).close()
    } catch (error) {
      said = `${String(error)}${JSON.stringify(error)}`
    }
    expect(said).not.toContain(key)
  })
})

test('problems still say what they are of', () => {
  const { problems } = checkConfig(misplaced['in a binding']?.('nobodys'), { env, directory: cwd })
  expect(problems).toContainEqual({
    severity: 'error',
    path: 'bindings[1].key',
    reason: 'names the key "nobodys", which is not there.',
    fix: 'Write "acme".',
  })
  // A secret of so few characters also stands in ordinary words, which must stay readable.
  const { problems: same } = checkConfig(misplaced['in a binding']?.('nobodys'), { env: { ...env, JOY_KEY_ACME: 'key' }, directory: cwd })
  expect(same.map(({ path }) => path)).toContain('bindings[1].key')
})

test('a word beside the name of a variable is told what is known there', () => {
  const { problems } = checkConfig(misplaced['beside the name of a variable']?.('default'), { env, directory: cwd })
  expect(problems).toContainEqual({
    severity: 'error',
    path: 'keys.acme2.secret.default',
    reason: 'is not a setting.',
    fix: 'Known here: env.',
  })
})
