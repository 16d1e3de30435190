import { checkConfig, type ConfigInput, type Problem } from '@postern/config'
import { createNonces } from '@postern/identity'
import { Secret } from '@postern/ports'
import { changesBetween } from '../../packages/instance/src/changes/changes.js'
import { describe, expect, test } from 'vitest'

const [old, fresh, third] = ['o', 'n', 't'].map((letter) => letter.repeat(40)) as [string, string, string]
const env = { KEY: 'sk_a_key_of_the_gateway', OLD: old, NEW: fresh, THIRD: third, SHORT: 'short', SAME: old, FOURTH: '4'.repeat(40) }
const [OLD, NEW, THIRD] = [{ env: 'OLD' }, { env: 'NEW' }, { env: 'THIRD' }]

function check(session: object | undefined, callers: object = {}, variables: Readonly<Record<string, string>> = env) {
  const config: ConfigInput = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { anonymous: { team: 'acme', limit: 1 }, ...callers, ...(session === undefined ? {} : { session }) },
    listen: { hosts: ['localhost'] },
  }
  return checkConfig(config, { env: variables, directory: process.cwd() })
}

function problemAt(path: string, session: object): Problem | undefined {
  const { checked, problems } = check(session)
  expect(checked).toBeUndefined()
  return problems.find((problem) => problem.path === path)
}

function checked(session: object | undefined, variables?: Readonly<Record<string, string>>) {
  const result = check(session, {}, variables)
  if (result.checked === undefined) throw new Error(JSON.stringify(result.problems))
  return result.checked
}

describe('the secrets of sessions', () => {
  test.each([
    ['one under its old name', { secret: OLD }],
    ['one in a list', { secrets: [OLD] }],
    ['two of which the first signs', { secrets: [NEW, OLD] }],
    ['as many as are tried', { secrets: [NEW, OLD, THIRD, { env: 'FOURTH' }] }],
    ['two beside the public keys of a backend', { secrets: [NEW, OLD], jwks: 'https://app.example.com/sessions.json' }],
  ])('may be %s', (_, session) => {
    expect(check(session).problems).toEqual([])
  })

  test.each<[what: string, session: object, path: string, words: RegExp]>([
    [
      'both settings at once',
      { secret: OLD, secrets: [NEW] },
      'callers.session.secrets',
      /beside callers\.session\.secret\. Write one of the two/,
    ],
    ['an empty list', { secrets: [] }, 'callers.session.secrets', /is an empty list.*\{ env: NEW \}/],
    ['more than four', { secrets: [NEW, OLD, THIRD, OLD, NEW] }, 'callers.session.secrets', /more than 4 secrets/],
    ['one secret', { secrets: OLD }, 'callers.session.secrets', /Write a list/],
    ['a short one behind a good one', { secrets: [NEW, { env: 'SHORT' }] }, 'callers.session.secrets[1]', /shorter than 32 bytes/],
    ['one that is not set', { secrets: [NEW, { env: 'NOBODY' }] }, 'callers.session.secrets[1]', /NOBODY, which is not set/],
    ['the same variable twice', { secrets: [OLD, OLD] }, 'callers.session.secrets[1]', /same secret as callers\.session\.secrets\[0\]/],
    ['one secret in two variables', { secrets: [OLD, NEW, { env: 'SAME' }] }, 'callers.session.secrets[2]', /same secret as .*\[0\]/],
    ['a secret in the file itself', { secrets: [old] }, 'callers.session.secrets[0]', /never stands in this file/],
  ])('cannot be %s', (_, session, path, words) => {
    const found = problemAt(path, session)
    expect(`${found?.reason} ${found?.fix}`).toMatch(words)
    expect(JSON.stringify(check(session).problems)).not.toContain(old)
  })

  test('in a list make nonces possible, and are told where they are missing', () => {
    expect(check({ secrets: [NEW, OLD] }, { dpop: { nonce: true } }).problems).toEqual([])
    const { problems } = check({ jwks: 'https://app.example.com/sessions.json' }, { dpop: { nonce: true } })
    expect(problems.map(({ path }) => path)).toEqual(['callers.dpop.nonce'])
  })
})

describe('a change of the secrets of sessions is told as one', () => {
  const [secret, secrets] = ['callers.session.secret', 'callers.session.secrets']
  test.each([
    ['a new one before the old', { secret: OLD }, { secrets: [NEW, OLD] }, secrets, 'changed', true],
    ['a further one', { secrets: [NEW, OLD] }, { secrets: [NEW, OLD, THIRD] }, secrets, 'changed', true],
    ['the first one', { jwks: 'https://id/k' }, { jwks: 'https://id/k', secrets: [NEW] }, secrets, 'added', true],
    ['two in the place of one', { secrets: [OLD] }, { secrets: [NEW, THIRD] }, secrets, 'changed', true],
    ['the old one that goes', { secrets: [NEW, OLD] }, { secrets: [NEW] }, secrets, 'changed', false],
    ['the old one that goes with the list', { secrets: [NEW, OLD] }, { secret: NEW }, secret, 'changed', false],
    ['another that signs', { secrets: [NEW, OLD] }, { secrets: [OLD, NEW] }, secrets, 'changed', false],
    ['one in the place of another', { secrets: [OLD] }, { secrets: [NEW] }, secrets, 'changed', false],
    ['the same one in a list', { secret: OLD }, { secrets: [OLD] }, secrets, 'changed', false],
    ['the same one in another variable', { secret: OLD }, { secret: { env: 'SAME' } }, secret, 'changed', false],
    ['all that go', { jwks: 'https://id/k', secrets: [NEW] }, { jwks: 'https://id/k' }, secrets, 'removed', false],
  ])('%s', (_, before, after, path, what, laxer) => {
    expect(changesBetween(checked(before), checked(after))).toEqual([{ path, what, laxer }])
  })

  test('and none, if they are the same', () => {
    expect(changesBetween(checked({ secrets: [NEW, OLD] }), checked({ secrets: [NEW, OLD] }))).toEqual([])
  })

  test('also where a variable holds another secret than before', () => {
    const after = checked({ secrets: [NEW, OLD] }, { ...env, OLD: third })
    expect(changesBetween(checked({ secrets: [NEW, OLD] }), after)).toEqual([{ path: secrets, what: 'changed', laxer: false }])
  })

  test('and sessions that come as a whole are told as that', () => {
    expect(changesBetween(checked(undefined), checked({ secrets: [NEW] }))).toEqual([
      { path: 'callers.session', what: 'added', laxer: true },
    ])
  })
})

describe('nonces of proofs', () => {
  test('are made with the first secret, and good if any secret made them', () => {
    const [before, during, after] = [[old], [fresh, old], [fresh]].map((texts) => createNonces(texts.map((text) => new Secret(text))))
    expect(during?.current()).toBe(after?.current())
    expect(during?.isFresh(before?.current() ?? '')).toBe(true)
    expect(during?.isFresh(during.current())).toBe(true)
    expect(after?.isFresh(before?.current() ?? '')).toBe(false)
  })
})
