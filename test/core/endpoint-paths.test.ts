import { compileEndpoints, dialects, isBelow, isHoldersPath } from '@postern/gateways'
import { hasDotSegment } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { decodePath } from '../../packages/core/src/resolve/decode-path.js'
import { findEndpoint } from '../../packages/core/src/resolve/find-endpoint.js'
import { readEndpointPath } from '../../packages/core/src/resolve/read-endpoint-path.js'
import type { Gateway } from '../../packages/core/src/resolve/route.js'
import { plainGateway } from '../support/plain-gateway.js'
import { refusalOf } from '../support/refusal-of.js'

describe('the path of an endpoint', () => {
  test.each([
    ['/v1/chat/completions', 'chat/completions', 'chat/completions'],
    ['/v1/x', 'x', 'x'],
    ["/v1/a-._~!$&'()*+,;=:@Z9/b", "a-._~!$&'()*+,;=:@Z9/b", "a-._~!$&'()*+,;=:@Z9/b"],
    ['/v1/models/meta%2Fllama', 'models/meta%2Fllama', 'models/meta/llama'],
    ['/v1/a%20b', 'a%20b', 'a b'],
    ['/v1/v1/x', 'v1/x', 'v1/x'],
  ])('of %s is %s, and is read as %s', (path, written, read) => {
    expect(readEndpointPath({ path })).toEqual({ written, read })
  })

  test.each(['/v1/', '/v1', '/', '', '/v2/chat', '/x/v1/chat', 'v1/chat', '/V1/chat'])('of %j is none', (path) => {
    const refusal = refusalOf(() => readEndpointPath({ path }))
    expect([refusal.code, refusal.details.help]).toEqual(['not_found', undefined])
  })

  test.each([
    ['/ai/v2/chat', '/v2/chat', '/ai'],
    ['/ai', '/', '/ai'],
    ['/a/b/c', '/c', '/a/b'],
  ])('of %s, below the mount %s, is none, and the refusal says where the API lies: %s', (wholePath, path, mount) => {
    const refusal = refusalOf(() => readEndpointPath({ path, wholePath }))
    expect([refusal.code, refusal.details.help]).toEqual(['not_found', `The API lives under ${mount}/v1/.`])
  })

  test('is not the one of sessions, which the refusal explains', () => {
    const refusal = refusalOf(() => readEndpointPath({ path: '/session', wholePath: '/ai/session' }))
    expect([refusal.code, refusal.message]).toEqual(['not_found', 'Sessions are not given here.'])
  })

  test.each(
    [
      ['chat//completions', '/chat', 'chat/', 'chat/../x', '..', './x', 'x/.', 'a/.;b/c', 'a/..;/b', ';/a', 'a/;b/c'],
      ['a b', 'a\\b', 'a"b', 'a<b', 'a^b', 'a`b', 'a{b}', 'a|b', 'a#b', 'a?b', 'aä', 'a[0]', 'a\nb', 'x/\n'],
      ['%', '%2', '%zz', 'a%e4', '%2e%2e/x', 'a/%2e', 'a%2f%2e%2e%2fb', 'a%00', 'a%5cb', 'a%255c', 'a%25u0041'],
    ].flat(),
  )('is refused in a spelling that two servers could read differently: %j', (written) => {
    expect(refusalOf(() => readEndpointPath({ path: `/v1/${written}` })).code).toBe('request_malformed')
  })
})

describe('the escapes of a path', () => {
  test.each([
    ['a%20b', 'a b'],
    ['a%2Fb', 'a/b'],
    ['100%25', '100%'],
    ['%25g1', '%g1'],
    ['%252g', '%2g'],
    ['%25-u', '%-u'],
    ['a%3Bb', 'a;b'],
    ['%E4%BD%A0', '你'],
    ['a..b', 'a..b'],
    ['...', '...'],
    ['a.%20', 'a. '],
  ])('%s are decoded once: %s', (path, read) => {
    expect(decodePath(path)).toBe(read)
  })

  test.each(
    [
      ['%', '%g0', '%C3', '%ED%A0%80'],
      ['a%00b', 'a%1Fb', 'a%7Fb', 'a%C2%80b', 'a%C2%9Fb', 'a%5Cb', 'a%E2%80%A8b', 'a%E2%80%A9b', 'a\\b'],
      ['%252e', '%25AF', '%25u0041', '%25U0041'],
      ['a//b', '%2F', 'a%2F', '%2Fa', '%2E', '.', '..', 'a%2F..%2Fb', 'a/%20/b', 'a/%20..%20/b', 'a/%09;x', 'a/.%3Bv', ' .. ', 'a/;'],
      ['%EF%BC%8E%EF%BC%8E/x', 'a%EF%BC%8F%EF%BC%8E/x', '%E2%80%A5/x'],
    ].flat(),
  )('%s are not decoded, since they can be read in several ways', (path) => {
    expect(decodePath(path)).toBeUndefined()
  })
})

describe('a dot segment', () => {
  test.each(['.', '..', './a', '../a', 'a/.', 'a/..', 'a/./b', 'a\\..\\b', '..;x', 'a/.;x=1/b', ';', 'a/;x', '\\;', '..\\a'])(
    'is found in %s',
    (path) => expect(hasDotSegment(path)).toBe(true),
  )

  test.each(['...', 'a.b', 'a../b', '..a', 'a/..b', 'a;x/b', '.a/b', 'a/b.', ''])('is not found in %j', (path) =>
    expect(hasDotSegment(path)).toBe(false),
  )
})

describe('a path of the account holder', () => {
  const segments = [
    ['api-keys', 'ApiKey', 'admin_api_keys', 'auth', 'auth-tokens', 'certificates', 'client-secret', 'client_secrets', 'credentials'],
    ['ephemeral_keys', 'ephemeral-tokens', 'invites', 'key', 'keys', 'login', 'oauth', 'organization', 'organizations', 'permissions'],
    ['rotate-secret', 'secrets', 'service_accounts', 'token', 'tokens', 'transcription_sessions', 'virtual-keys', 'KEYS;v=1', 'k.e.y.s'],
  ].flat()

  test.each(segments)('has the segment %s, wherever it stands', (segment) => {
    expect([segment, `a/${segment}`, `${segment}/b`, `a/${segment}/b`].map(isHoldersPath)).toEqual([true, true, true, true])
  })

  test.each(['realtime/sessions', 'realtime/calls/1', 'Real-Time/x', 'live/sessions', 'chatkit/sessions', 'chatkit/sessions/1'])(
    'gives a caller a connection of its own: %s',
    (path) => expect(isHoldersPath(path)).toBe(true),
  )

  test.each([
    'realtime',
    'live',
    'live/x',
    'sessions/live',
    'chatkit/threads',
    'a/realtime/b',
    'chatkit',
    'models',
    'keyed/x',
    'chat/completions',
  ])('is not %s', (path) => expect(isHoldersPath(path)).toBe(false))
})

describe('a path below another', () => {
  test.each([
    'debug',
    'debug/replay',
    'DEBUG/x',
    'debug;v=1/x',
    'debug;v=1',
    '/debug',
    'a/../debug',
    './debug',
    'debug/.',
    '%64ebug',
    '..//debug',
  ])('is found as the most lenient server reads it: %s', (path) => expect(isBelow(['routing', 'debug'], path)).toBe(true))

  test.each(['debugger', 'a/debug', 'debug-x/y', 'debug/../models', 'deb', '', '%64ebugger', 'debug%'])('is not %j', (path) => {
    expect(isBelow(['routing', 'debug'], path)).toBe(false)
  })

  test('may be any of several segments, and is none of no paths', () => {
    expect(isBelow(['A/b'], 'a/B/c')).toBe(true)
    expect(isBelow(['A/b'], 'a/bc')).toBe(false)
    expect(isBelow([], '')).toBe(false)
    expect(isBelow(['100%/x'], '100%/X')).toBe(true)
  })
})

describe('the endpoint of a request', () => {
  const opened = {
    'things/{id}': { methods: ['GET'], model: 'none', format: 'plain' },
    'things/{id}/parts': { methods: ['GET'], model: 'none', format: 'plain' },
    'run/{model}': { methods: ['POST'], model: 'path', format: 'plain' },
  } as const satisfies Parameters<typeof compileEndpoints>[1]
  const makeGateway = () => plainGateway(dialects.freeai, opened)
  const find = (path: string, method = 'GET', gateway: Gateway = makeGateway()) => {
    const asked = readEndpointPath({ path: `/v1/${path}` })
    return findEndpoint(gateway, method, asked)
  }
  const refused = (path: string, method = 'GET', gateway: Gateway = makeGateway()) => refusalOf(() => find(path, method, gateway))

  test('is the one of its path and method', () => {
    const freeai = makeGateway()
    expect(find('chat/completions', 'POST', freeai).endpoint).toBe(freeai.endpoints.find('chat/completions')?.endpoints[0])
    expect(find('models', 'GET', freeai).endpoint).toBe(freeai.endpoints.find('models')?.endpoints[0])
    expect(find('models', 'HEAD', freeai).endpoint).toBe(find('models', 'GET', freeai).endpoint)
    expect(find('things/a%20b', 'GET', freeai).endpoint).toBe(freeai.endpoints.find('things/x')?.endpoints[0])
  })

  test('among several of one path is the one that has the method', () => {
    const twice = {
      ...dialects.openai,
      endpoints: { x: [dialects.openai.endpoints['chat/completions'], dialects.openai.endpoints.models].flat() },
    }
    const gateway = plainGateway(twice)
    expect(find('x', 'GET', gateway).endpoint.methods).toContain('GET')
    expect(find('x', 'POST', gateway).endpoint.methods).toContain('POST')
  })

  test.each([
    ['models', 'POST', 'GET'],
    ['chat/completions', 'GET', 'POST'],
    ['chat/completions', 'HEAD', 'POST'],
  ])('%s is not for %s, and the refusal names the methods: %s', (path, method, allowed) => {
    const refusal = refused(path, method)
    expect([refusal.code, refusal.details.headers]).toEqual(['method_not_allowed', ['Allow', allowed]])
  })

  test('names the methods of all entries of its path', () => {
    const chat = dialects.freeai.endpoints['chat/completions']
    const gateway = plainGateway({
      ...dialects.openai,
      endpoints: {
        x: [
          { ...chat, methods: ['PUT'] },
          { ...chat, methods: ['GET'] },
        ],
      },
    })
    expect(refused('x', 'DELETE', gateway).details.headers).toEqual(['Allow', 'PUT, GET'])
  })

  test('has the model that stands in its path, decoded', () => {
    expect(find('run/gpt-4', 'POST').modelInPath).toBe('gpt-4')
    expect(find('run/meta%20llama', 'POST').modelInPath).toBe('meta llama')
    expect(find('things/a%20b').modelInPath).toBeUndefined()
    expect(find('models').modelInPath).toBeUndefined()
  })

  test.each([
    ['unheard/of', 'endpoint_not_allowed', 'Postern knows no such endpoint of this gateway, spelled like this.'],
    ['debug/replay', 'endpoint_not_allowed', 'This endpoint belongs to whoever runs the gateway'],
    ['Debug/replay', 'endpoint_not_allowed', 'This endpoint belongs to whoever runs the gateway'],
    ['keys', 'endpoint_not_allowed', 'This endpoint mints credentials'],
    ['things/keys', 'endpoint_not_allowed', 'This endpoint mints credentials'],
    ['things/key%73', 'endpoint_not_allowed', 'This endpoint mints credentials'],
    ['MODELS', 'not_found', 'Postern knows no such endpoint'],
    ['Chat/completions', 'not_found', 'Postern knows no such endpoint'],
    ['v1/chat/completions', 'endpoint_not_allowed', '"/v1" stands twice'],
    ['v1', 'endpoint_not_allowed', '"/v1" stands twice'],
    ['v1x/chat', 'endpoint_not_allowed', 'Postern knows no such endpoint'],
    ['a/v1/chat', 'endpoint_not_allowed', 'Postern knows no such endpoint'],
    ['unheard;x/of', 'endpoint_not_allowed', 'takes no semicolon'],
    ['videos/generations/a/b', 'not_found', 'Postern knows no such endpoint'],
    ['video', 'endpoint_not_allowed', 'Postern knows no such endpoint'],
    ['chat/unheard', 'endpoint_not_allowed', 'Postern knows no such endpoint'],
    ['images/unheard', 'endpoint_not_allowed', 'Postern knows no such endpoint'],
  ])('%s is closed: %s, %s', (path, code, message) => {
    const refusal = refused(path)
    expect([refusal.code, refusal.message]).toEqual([code, expect.stringContaining(message)])
  })

  test('is not found anywhere at a gateway whose stored objects belong to callers, so that an object of another caller cannot be told from none', () => {
    expect(refused('unheard/of', 'GET', plainGateway(dialects.onysoft)).code).toBe('not_found')
  })

  test('is not found below a stored object whose path has an endpoint of another kind as well', () => {
    const ofObject = dialects.freeai.endpoints['videos/generations/{id}']
    const dropped = { methods: ['DELETE'], format: ofObject.format, model: 'none' } as const
    const gateway = plainGateway({ ...dialects.freeai, endpoints: { 'videos/generations/{id}': [dropped, ofObject] } })
    expect(refused('videos/generations/a/b', 'GET', gateway).code).toBe('not_found')
    expect(refused('videos/of-others', 'GET', gateway).code).toBe('endpoint_not_allowed')
  })

  test.each(['things/a%2Fparts', 'things/a%2Fmodels', 'things/%64ebug%2Fx%2Fparts', 'things%2Fa/parts', 'chat%2Fcompletions'])(
    'is none where a server that decodes the path first could find another: %s',
    (path) => expect(['endpoint_not_allowed', 'not_found']).toContain(refused(path).code),
  )

  test('may have an escaped slash in an id that no server takes for another endpoint', () => {
    const ofTwo = plainGateway(dialects.openai, { 'a/{id}': opened['things/{id}'], 'a/{id}/{part}': opened['things/{id}'] })
    expect(refused('a/x%2Fy', 'GET', ofTwo).code).toBe('not_found')
    const gateway = plainGateway(dialects.openai, { 'things/{id}/of/{what}': opened['things/{id}'], 'a/{id}': opened['things/{id}'] })
    expect(find('a/x%2Fy', 'GET', gateway).endpoint).toBe(gateway.endpoints.find('a/x')?.endpoints[0])
    expect(find('things/a%20b/of/c', 'GET', gateway).endpoint.methods).toEqual(['GET'])
  })
})
