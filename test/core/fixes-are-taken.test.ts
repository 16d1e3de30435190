import { checkConfig, type Problem } from '@postern/config'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'

/** Every variable is set to what may be a secret of any kind, a ring or an address of a store. */
const places = {
  env: new Proxy({}, { get: (_, name) => `${name === 'POSTGRES_URL' ? 'postgres' : 'redis'}://0123456789abcdef0123456789abcdef` }),
  directory: '.',
}

const good = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: { env: 'SESSION' } } },
}

const openai = { dialect: 'openai', baseURL: 'https://gateway.example/v1' }
const jwt = { issuer: 'https://id.example', audience: 'a', jwks: 'https://id.example/keys', algorithms: ['ES256'] }

function changed(path: string, value: unknown): Record<string, unknown> {
  const config = structuredClone<Record<string, unknown>>(good)
  const names = path.split(/[.[\]]+/).filter((name) => name !== '')
  const last = names.pop() as string
  let at = config
  for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>
  at[last] = value
  return config
}

/** The configuration with this value written where the problem is. */
function written(config: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const next = structuredClone(config)
  const names = path.split(/[.[\]]+/).filter((name) => name !== '')
  const last = names.pop()
  if (last === undefined) return { ...next, ...(value as object) }
  let at = next
  for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>
  at[last] = value
  return next
}

const unit = /\b\d[\d.]*(?:B\/s|KiB|MiB|GiB|ms|s|m|h|d|B)(?![\w/])/g

/** What a fix says to write, as values; text for people around it is left out. */
function valuesOf({ fix }: Problem): unknown[] {
  const said = fix
    .replace(/[,;:] (?:without|with|it) [^.]*\.$/, '.')
    .replace(/, unless .*$/, '.')
    .replace(/^Write it like /, 'Write ')
  const [, member, values] = /^Write "(\w+)": (?:one of )?(.*?)\.$/.exec(said) ?? []
  if (member !== undefined && values !== undefined) return values.split(', ').map((text) => parse(text) as unknown)
  const groups = said.match(/\{ (?:[^{}]|\{[^{}]*\})*\}/g)
  if (groups !== null) return groups.map((text) => parse(text) as unknown)
  const units = said.match(unit)
  if (units !== null) return units
  const [, list] = /^Write (?:one of |what stands before it: )?(.*?)(?: or (?:less|more))?\.$/.exec(said) ?? []
  if (list === undefined) return []
  return list
    .split(/, | or /)
    .map((text) => text.replace(/^a \w+ such as /, '').replace(/^like /, ''))
    .map((text) => (text === 'a list' ? [] : text === 'a number' ? 1 : (parse(text) as unknown)))
}

const cases: readonly (readonly [path: string, value: unknown])[] = [
  ['callers.session.ttl', 600],
  ['gateways.main.timeouts.connect', '5'],
  ['gateways.main.timeouts.idle', 'soon'],
  ['policies.body', 1000],
  ['policies.body', '10 megabytes'],
  ['connections.heldBytes', 0.5],
  ['connections.minRate', 5],
  ['shutdown.deadline', '10 minutes'],
  ['shutdown.deadline', null],
  ['listen.port', 70_000],
  ['listen.port', -1],
  ['replicas', 0],
  ['policies.pinUser', 'yes'],
  ['version', 2],
  ['version', undefined],
  ['browser.record', 'some'],
  ['gateways.main.dialect', 'joy'],
  ['gateways.main.addressLimit', 5],
  ['gateways.main.attempts', 99],
  ['mount', 'ai'],
  ['mount', '/ai/'],
  ['mount', '/ai/v1'],
  ['mount', '/v1'],
  ['gateways.main', { ...openai, baseURL: 'https://gateway.example' }],
  ['gateways.main', { ...openai, baseURL: 'https://gateway.example/v1/chat/completions' }],
  ['admin', { port: 8788, host: '0.0.0.0' }],
  ['store', { redis: { url: { env: 'REDIS_URL' } } }],
  ['store', { postgres: { url: { env: 'POSTGRES_URL' } } }],
  ['callers.forwardAuth', { url: 'http://127.0.0.1/me', cache: '2m' }],
  ['callers.dpop', { window: '1h' }],
  ['callers.jwt', [{ ...jwt, algorithms: ['none'] }]],
  ['listen.trustedProxies', ['0.0.0.0/0']],
]

/** What stands in the text of a fix and is a name for the reader to replace. */
const forTheReader = (value: unknown): boolean => typeof value === 'object' && JSON.stringify(value).includes('PATH')

describe('a fix that check prints', () => {
  test.each(cases)('is taken when it is written where the problem of %s is: %j', (path, value) => {
    const config = changed(path, value)
    const { problems } = checkConfig(config, places)
    const found = problems.filter((each) =>
      each.path.replaceAll(/\[\d+\]/g, '').startsWith(path.replace(/^gateways\.main\..*/, 'gateways.main')),
    )
    expect(found.length).toBeGreaterThan(0)
    for (const problem of found) {
      const values = valuesOf(problem).filter((each) => !forTheReader(each))
      expect([problem.fix, values.length > 0]).toEqual([problem.fix, true])
      for (const each of values) {
        const after = checkConfig(written(config, problem.path, each), places).problems
        const again = after.filter((other) => other.path.startsWith(problem.path))
        expect([each, again]).toEqual([each, []])
      }
    }
  })
})
