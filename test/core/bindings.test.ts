import { dialects } from '@postern/gateways'
import type { Principal, PrincipalFields } from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { createFieldIndex } from '../../packages/core/src/lib/field-index.js'
import { type Binding, createKeyFinder } from '../../packages/core/src/resolve/bindings.js'
import { createResolve } from '../../packages/core/src/resolve/resolve.js'
import type { Gateway, KeyLease } from '../../packages/core/src/resolve/route.js'
import type { OpenObject } from '../../packages/core/src/objects/open-object.js'
import { plainGateway, plainLease } from '../support/plain-gateway.js'
import { refusalOf } from '../support/refusal-of.js'

const principal = (fields: Partial<Principal> = {}): Principal => ({ via: 'service', caller: 'one', delegate: false, ...fields })

/** One binding for each combination of fields; each has a key that is named like the binding. */
const every: readonly PrincipalFields[] = [
  {},
  { team: 'acme' },
  { project: 'labs' },
  { project: 'labs', team: 'acme' },
  { user: 'ada' },
  { user: 'ada', team: 'acme' },
  { user: 'ada', project: 'labs' },
  { user: 'ada', project: 'labs', team: 'acme' },
]
const nameOf = ({ user, team, project }: PrincipalFields): string => [user, project, team].filter(Boolean).join('+')
const bind = (fields: PrincipalFields): Binding => ({ ...fields, key: nameOf(fields) })
const leaseOf = (alias: string): KeyLease => plainLease(alias, plainGateway())

describe('the binding of a caller', () => {
  test.each(every)('is the one that names all that the caller is: %j', (fields) => {
    const found = createKeyFinder(every.map(bind), leaseOf)(principal(fields))
    expect(found?.key.alias).toBe(nameOf(fields))
  })

  test.each<[left: readonly PrincipalFields[], whose: string]>([
    [every.slice(0, 7), 'ada+labs'],
    [every.slice(0, 6), 'ada+acme'],
    [every.slice(0, 5), 'ada'],
    [every.slice(0, 4), 'labs+acme'],
    [every.slice(0, 3), 'labs'],
    [every.slice(0, 2), 'acme'],
    [every.slice(0, 1), ''],
  ])('is the most specific of those that match, in whatever order they stand: %j', (left, whose) => {
    const caller = principal({ user: 'ada', project: 'labs', team: 'acme' })
    expect(createKeyFinder(left.map(bind), leaseOf)(caller)?.key.alias).toBe(whose)
    expect(createKeyFinder(left.toReversed().map(bind), leaseOf)(caller)?.key.alias).toBe(whose)
  })

  test('is none if each binding names somebody else', () => {
    const find = createKeyFinder([{ user: 'ada' }, { team: 'acme', user: 'eve' }, { project: 'acme' }].map(bind), leaseOf)
    for (const fields of [{}, { user: 'eve' }, { team: 'ada' }, { team: 'acme' }, { user: 'eve', team: 'ada' }])
      expect(find(principal(fields))).toBeUndefined()
  })

  test('is told in words to the operator', () => {
    const find = createKeyFinder([{ user: 'ada', team: 'acme' }, {}].map(bind), leaseOf)
    expect(find(principal({ user: 'ada', team: 'acme' }))?.binding).toBe('user=ada team=acme')
    expect(find(principal({ user: 'eve' }))?.binding).toBe('default')
  })
})

describe('an index by fields', () => {
  test('finds nothing for a shape that no entry has, and does not take an absent value for an empty one', () => {
    const index = createFieldIndex<'a' | 'b', { a: string }>([['a', 'b'], ['a'], []], [{ a: '' }], (entry) => entry)
    expect(index.first({})).toBeUndefined()
    expect(index.all({ b: '' })).toEqual([])
    expect(index.all({ a: '', b: 'x' })).toEqual([{ a: '' }])
  })

  test('does not take an absent value for a name that is spelled "undefined"', () => {
    const index = createFieldIndex<'a' | 'b', { a: string; b?: string }>(
      [['a', 'b'], ['a']],
      [{ a: 'undefined' }, { a: 'x', b: 'undefined' }],
      (entry) => entry,
    )
    expect([index.first({}), index.first({ b: 'x' }), index.first({ a: 'x' })]).toEqual([undefined, undefined, undefined])
    expect([index.all({}), index.all({ a: 'x' })]).toEqual([[], []])
    const find = createKeyFinder([{ user: 'undefined' }, { team: 'undefined', user: 'ada' }].map(bind), leaseOf)
    expect([find(principal()), find(principal({ user: 'ada' }))]).toEqual([undefined, undefined])
  })

  test('keeps apart values that are one text when they are joined', () => {
    const entries = [
      { a: 'x', b: 'yz' },
      { a: 'xy', b: 'z' },
    ]
    const index = createFieldIndex<'a' | 'b', (typeof entries)[number]>([['a', 'b']], entries, (entry) => entry)
    expect(index.first({ a: 'xy', b: 'z' })).toBe(entries[1])
    expect(index.first({ a: 'x', b: 'yz' })).toBe(entries[0])
    expect(index.first({ a: 'xyz', b: '' })).toBeUndefined()
  })

  test('looks no further for an entry of more fields than a shape has', () => {
    const index = createFieldIndex<'a' | 'b', { a: string; b?: string }>([['a'], ['a', 'b']], [{ a: '1', b: '2' }], (entry) => entry)
    expect(index.first({ a: '1' })).toBeUndefined()
    expect(index.all({ a: '1', b: '3' })).toEqual([])
  })
})

describe('the route of a call', () => {
  const noObject: OpenObject = () => {
    throw new Error('No endpoint of this test is about an object of its caller.')
  }
  const asked = (path: string, query = '', method = 'POST') => ({ method, path: `/v1/${path}`, query })
  const resolveAt = (gateway: Gateway, { mayStore = false, openObject = noObject } = {}) =>
    createResolve(
      createKeyFinder([{ team: 'acme', key: 'of-acme' }], (alias) => plainLease(alias, gateway, mayStore)),
      openObject,
    )
  const ofAcme = principal({ team: 'acme' })

  test('has the key, the binding and the endpoint of the request, under the path of the base URL', () => {
    const gateway = plainGateway()
    const route = resolveAt(gateway)(asked('chat/completions', '?a=b'), ofAcme)
    expect(route).toMatchObject({ binding: 'team=acme', endpointPath: 'chat/completions', upstreamPath: '/base/v1/chat/completions' })
    expect([route.key.alias, route.gateway, route.object, route.modelInPath]).toEqual(['of-acme', gateway, undefined, undefined])
  })

  test('is refused to whom no key is bound, before the endpoint is looked at', () => {
    const refuse = (path: string) => refusalOf(() => resolveAt(plainGateway())(asked(path), principal({ team: 'globex' })))
    expect(refuse('chat/completions').code).toBe('no_key_for_caller')
    expect(refuse('unheard/of').code).toBe('no_key_for_caller')
  })

  test.each(['?a=b c', '?a="b"', '?a=b\\c', '?a=<b>', '?a=ä', '?a=b\n', '?^', '?{a}', '#'])('is refused with the query %j', (query) => {
    expect(refusalOf(() => resolveAt(plainGateway())(asked('chat/completions', query), ofAcme)).code).toBe('request_malformed')
  })

  test.each(['', '?', "?a-._~!$&'()*+,;=:@/?%20[0]=Z9"])('may have the query %j', (query) => {
    expect(resolveAt(plainGateway())(asked('chat/completions', query), ofAcme).endpointPath).toBe('chat/completions')
  })

  test.each(['TRACE', 'CONNECT', 'TRACK'])('is refused for %s at any path, with the methods that there are', (method) => {
    const refusal = refusalOf(() => resolveAt(plainGateway())(asked('unheard/of', '', method), ofAcme))
    expect([refusal.code, refusal.details.headers]).toEqual(['method_not_allowed', ['Allow', 'GET, POST, PUT, PATCH, DELETE']])
  })

  test('is refused to what is stored, unless the key says that its tenants may share that', () => {
    const files = asked('files/file-1', '', 'GET')
    expect(refusalOf(() => resolveAt(plainGateway())(files, ofAcme)).code).toBe('endpoint_not_allowed')
    expect(resolveAt(plainGateway(), { mayStore: true })(files, ofAcme).endpoint.object).toEqual({ kind: 'file', role: 'names' })
  })

  test('has the path of the object that the id in the request was sealed for', () => {
    const opened: unknown[] = []
    const openObject: OpenObject = (key, { team }, { role }, path) => {
      opened.push([key.alias, team, role, path])
      return { path: 'video/status/of-the-gateway', seal: (id) => id }
    }
    const route = resolveAt(plainGateway(dialects.onysoft), { openObject })(asked('video/status/sealed', '', 'GET'), ofAcme)
    expect(opened).toEqual([['of-acme', 'acme', 'names', 'video/status/sealed']])
    expect([route.endpointPath, route.upstreamPath]).toEqual(['video/status/of-the-gateway', '/base/v1/video/status/of-the-gateway'])
    expect(route.object?.path).toBe('video/status/of-the-gateway')
  })

  test('leads to a path of its own where the endpoint has one, and nowhere where that path is not known', () => {
    const dialect = { ...dialects.openai, endpoints: { models: { ...dialects.openai.endpoints.models, path: '/catalogue' as const } } }
    const models = asked('models', '', 'GET')
    expect(resolveAt(plainGateway(dialect))(models, ofAcme).upstreamPath).toBe('/base/catalogue')
    const refusal = refusalOf(() => resolveAt({ ...plainGateway(dialect), rootPath: undefined })(models, ofAcme))
    expect(refusal.code).toBe('not_found')
  })

  test('keeps the escapes of the path as they were written, and decodes them for the rules', () => {
    const gateway = plainGateway(dialects.openai, { 'things/{id}': { methods: ['GET'], model: 'none', format: 'plain' } })
    const route = resolveAt(gateway)(asked('things/a%20b', '', 'GET'), ofAcme)
    expect([route.endpointPath, route.upstreamPath]).toEqual(['things/a b', '/base/v1/things/a%20b'])
  })

  test.each<[Partial<Principal>, string]>([
    [{ team: 'acme', project: 'labs', user: 'ada' }, 'team acme'],
    [{ project: 'labs', user: 'ada' }, 'project labs'],
    [{ user: 'ada' }, 'user ada'],
    [{ caller: 'nightly' }, 'caller nightly'],
  ])('stands in the queue of an address limit for %j as %s', (fields, tenant) => {
    const limited = { ...plainGateway(), addressLimit: { burst: 1, perMinute: 1, longestWaitMs: 1 } }
    const resolve = (gateway: Gateway) =>
      createResolve(
        createKeyFinder([{ key: 'any' }], (alias) => plainLease(alias, gateway)),
        noObject,
      )
    expect(resolve(limited)(asked('chat/completions'), principal(fields)).tenant).toBe(tenant)
    expect(resolve(plainGateway())(asked('chat/completions'), principal(fields)).tenant).toBe('')
  })
})
