import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { checkConfig } from '@postern/config'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { checkKeywords, type JsonSchema, validate } from '../support/validate-json-schema.js'

const root = resolve(import.meta.dirname, '../..')
/** As an editor finds it: by the package's name. */
const schemaFile = createRequire(import.meta.url).resolve('@postern/config/postern.schema.json')
const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as JsonSchema & { readonly properties: Readonly<Record<string, unknown>> }

type Group = Record<string, unknown>

const good: Group = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: { env: 'SESSION' } } },
}

describe('the JSON schema of the configuration', () => {
  test('has keywords alone that the validator of these tests knows, and says of what it is', () => {
    checkKeywords(schema)
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#')
    expect(schema['title']).toBe('The configuration of Postern')
  })

  test('has what the page of settings says: meanings, defaults with their units, bounds', () => {
    const at = (path: string) => path.split(' ').reduce<unknown>((node, name) => (node as Group)[name], schema)
    expect(at('properties listen properties keepAlive')).toEqual({
      type: 'string',
      pattern: String.raw`^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$`,
      examples: ['500ms', '30s', '10m', '12h', '30d'],
      default: '75s',
      description: expect.stringMatching(/longer than your load balancer keeps it; a time from 1ms to 1d$/),
    })
    expect(at('properties policies properties body')).toMatchObject({ type: 'string', default: '10MiB' })
    expect(at('properties connections properties heldBytes default')).toBe('256MiB')
    expect(at('properties gateways additionalProperties properties baseURL description')).toMatch(/default: by dialect; none for/)
    expect(at('properties keys propertyNames pattern')).toBe('^[A-Za-z0-9._-]{1,64}$')
  })
})

/** The blocks of YAML in a page, each with a name. */
function blocksOf(page: string): readonly (readonly [name: string, text: string])[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```yaml(?: \w+)?\n([\s\S]*?)^```$/gm)].map(([, block], index) => [
    `${page}, block ${index + 1}`,
    block as string,
  ])
}

/** A part of a configuration as a whole one. A recipe is an issuer of `callers.jwt`, and a price file may stand in the place of its path. */
function wholeOf(part: Group): Group {
  if ('prices' in part) return { ...good, limits: { prices: part } }
  return 'issuer' in part ? { ...good, callers: { jwt: [part] } } : { ...good, ...part }
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

test('the first line of the file in the README leads to it, from the root of a project', () => {
  const [, path] = /^# yaml-language-server: \$schema=(\S+)\nversion: 1$/m.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  expect(realpathSync(join(root, path as string))).toBe(realpathSync(schemaFile))
})

describe('takes every example:', () => {
  const blocks = pages.flatMap(blocksOf).filter(([, text]) => !text.includes('livenessProbe'))
  test('there are as many as are printed', () => {
    expect(blocks.length).toBeGreaterThan(20)
  })

  test.each(blocks)('%s', (name, text) => {
    const withComments = name.startsWith('docs/identity.md') ? [text.replaceAll(/^(\s*)# (\w+: )/gm, '$1$2')] : []
    for (const written of [text, ...withComments]) {
      const part = parse(written.replaceAll(/hash: \w+…/g, `hash: ${'5f'.repeat(32)}`)) as Group
      expect(validate(schema, wholeOf(part))).toEqual([])
    }
  })

  test.each(
    readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter((file) => /(?:^|\/)postern\.yaml$/.test(file)),
  )('examples/%s, with what its start fills in', (file) => {
    const text = readFileSync(join(root, 'examples', file), 'utf8')
    const filled = text.replaceAll('$PORT', '8787').replaceAll(/\$[A-Z]+/g, 'http://127.0.0.1:3000')
    expect(validate(schema, parse(filled))).toEqual([])
  })
})

describe('refuses what is misspelt or of the wrong kind, as check does:', () => {
  test.each<[what: string, config: Group]>([
    ['a group that is misspelt', { ...good, gateway: {} }],
    ['a setting that is misspelt', { ...good, listen: { prot: 8787 } }],
    ['a setting of another group', { ...good, listen: { keepAlive: '75s', deadline: '30s' } }],
    ['a setting of an entry of a list that is misspelt', { ...good, bindings: [{ teem: 'acme', key: 'acme' }] }],
    ['a setting of a key that is misspelt', { ...good, keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, sharde: true } } }],
    ['a secret itself', { ...good, keys: { acme: { gateway: 'main', secret: 'sk_0123456789' } } }],
    ['a secret from nowhere', { ...good, keys: { acme: { gateway: 'main', secret: { enf: 'KEY' } } } }],
    ['a time without a unit', { ...good, shutdown: { deadline: 30 } }],
    ['a time with a unit that there is not', { ...good, shutdown: { deadline: '30 seconds' } }],
    ['a size as a time', { ...good, policies: { body: '10m' } }],
    ['a number as a text', { ...good, replicas: '2' }],
    ['yes in the place of true', { ...good, policies: { pinUser: 'yes' } }],
    ['a text in the place of a list', { ...good, browser: { origins: 'https://app.example.com' } }],
    ['a dialect that there is not', { ...good, gateways: { main: { dialect: 'joytokens' } } }],
    ['a name that is none', { ...good, gateways: { 'my gateway': { dialect: 'joytoken' } } }],
    ['a port that there is not', { ...good, listen: { port: 70_000 } }],
    ['no version', { ...good, version: undefined }],
    ['an issuer without an audience', wholeOf({ issuer: 'a', jwks: 'https://id.example/keys', algorithms: ['RS256'] })],
  ])('%s', (_, config) => {
    const written = JSON.parse(JSON.stringify(config)) as Group
    expect(validate(schema, written)).not.toEqual([])
    expect(checkConfig(written, { env: { KEY: 'jt_0123456789', SESSION: 's'.repeat(32) }, directory: root }).checked).toBeUndefined()
  })
})
