import { type CallerObject, compileEndpoints, createErrorClassifier, dialects, get, plainFormat, post } from '@postern/gateways'
import { type Principal, Secret } from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { createObjectOpener } from '../../packages/core/src/objects/open-object.js'
import { findIds, sealAnswer } from '../../packages/core/src/objects/seal-answer.js'
import { sealPath } from '../../packages/core/src/objects/seal-path.js'
import type { Gateway, KeyLease } from '../../packages/core/src/resolve/route.js'
import { plainGateway, plainLease } from '../support/plain-gateway.js'
import { refusalOf } from '../support/refusal-of.js'

const made: CallerObject = { owner: 'caller', kind: 'task', role: 'creates', ids: ['/id', '/task_id'] }
const named: CallerObject = { ...made, role: 'names' }
const ada: Principal = { via: 'service', caller: 'one', delegate: false, user: 'ada', team: 'acme' }
const eve: Principal = { ...ada, user: 'eve' }

const gateway = plainGateway()
function lease(secret: string, at: Gateway = gateway): KeyLease {
  return { ...plainLease(secret, at), secret: new Secret(secret) }
}
const own = lease('a-key-of-the-gateway')
const next = lease('the-key-after-it')

function sealWith(key: KeyLease, id: string, principal = ada): string {
  return createObjectOpener([key])(key, principal, made, 'videos').seal(id)
}

describe('the id of a stored object that belongs to its caller', () => {
  test('is sealed as it always was, since callers keep ids', () => {
    expect(sealWith(own, 'task_0f')).toBe('dGFza18wZg.hEbyz1qFAtUJqIvodUSSrw')
  })

  test('leads to the path with the gateway’s id, and is sealed again in the answer', () => {
    const { path, seal } = createObjectOpener([own])(own, ada, named, `videos/${sealWith(own, 'a/b c%ü')}`)
    expect([path, seal('task_0f')]).toEqual(['videos/a%2Fb%20c%25%C3%BC', 'dGFza18wZg.hEbyz1qFAtUJqIvodUSSrw'])
  })

  test.each<[what: string, text: string, principal: Principal]>([
    ['another owner', sealWith(own, 'task_0f'), eve],
    ['the gateway’s own id', 'task_0f', ada],
    ['another id under the same seal', `${Buffer.from('task_1f').toString('base64url')}.hEbyz1qFAtUJqIvodUSSrw`, ada],
    ['a seal that is too short', 'dGFza18wZg.hEbyz1qFAtUJqIvodUSSr', ada],
    ['an id that a server could resolve', sealWith(own, '..'), ada],
    ['a key that is not configured', sealWith(lease('gone'), 'task_0f'), ada],
    ['a key of another gateway', sealWith(lease('elsewhere'), 'task_0f'), ada],
  ])('is not opened for %s', (_, text, principal) => {
    const open = createObjectOpener([own, next, lease('elsewhere', plainGateway())])
    const refusal = refusalOf(() => open(own, principal, named, `videos/${text}`))
    expect([refusal.code, refusal.message]).toEqual(['not_found', 'There is no such task of this caller.'])
  })

  test('is opened under another key of the gateway, with which the request is then sent', () => {
    const { path, seal } = createObjectOpener([own, next])(next, ada, named, `videos/${sealWith(own, 'task_0f')}`)
    expect([path, seal('task_0f')]).toEqual(['videos/task_0f', sealWith(next, 'task_0f')])
  })
})

describe('an answer with the id of a stored object', () => {
  const handle = { path: 'videos', seal: (id: string) => `sealed.${id}` }

  test.each<[document: unknown, found: unknown]>([
    [
      { task_id: 'b', id: 'a' },
      [
        { member: 'id', id: 'a' },
        { member: 'task_id', id: 'b' },
      ],
    ],
    [{ task_id: 'b', id: '' }, [{ member: 'task_id', id: 'b' }]],
    [{ task_id: 7, id: null }, [{ member: 'task_id', id: '7' }]],
    [{ id: 1.5, task_id: true }, []],
    [{ data: { id: 'a' } }, []],
    [null, []],
    ['text', []],
  ])('has it in every member of the dialect that holds one: %j', (document, found) => {
    expect(findIds(document, made)).toEqual(found)
  })

  test('is changed in those members alone', () => {
    expect(sealAnswer('{ "id" : 7, "n": 1.0 }', [{ member: 'id', id: '7' }], handle)).toBe('{ "id" :"sealed.7", "n": 1.0 }')
    const both = [
      { member: 'id', id: 'a' },
      { member: 'task_id', id: 'b' },
    ]
    expect(sealAnswer('{"task_id":"b","id":"a","n":"b"}', both, handle)).toBe('{"task_id":"sealed.b","id":"sealed.a","n":"b"}')
  })

  test('is changed in the last of repeated members, in any spelling, since a client reads that one', () => {
    const text = '{"id":"a","\\u0069d":"b"}'
    expect(sealAnswer(text, [{ member: 'id', id: 'b' }], handle)).toBe('{"id":"a","\\u0069d":"sealed.b"}')
  })

  test('may lead to an object by its path, whose id is sealed there', () => {
    const found = { endpoints: [{ ...get(), object: named }], model: undefined, hasParameter: true }
    expect(sealPath('videos/a', found, handle)).toBe('videos/sealed.a')
    expect(sealPath('videos/a%2Fb', found, handle)).toBeUndefined()
    expect(sealPath('videos/a', found, undefined)).toBeUndefined()
    expect(sealPath('files/a', { ...found, endpoints: [{ ...get(), object: { kind: 'file', role: 'names' } }] }, undefined)).toBe('files/a')
  })
})

describe('whose a stored object is', () => {
  const { isError } = createErrorClassifier(dialects.openai)
  const failed = { error: { message: 'no' }, note: 'more' }

  test('decides what is an error in place of an answer: of the account’s objects only what holds nothing else', () => {
    expect(isError(failed, post(plainFormat))).toBe(true)
    expect(isError(failed, { ...post(plainFormat), object: made })).toBe(true)
    expect(isError(failed, { ...post(plainFormat), object: { kind: 'file', role: 'creates' } })).toBe(false)
    expect(isError(failed, { ...post(plainFormat), object: { owner: 'account', kind: 'file', role: 'creates' } })).toBe(false)
  })

  test('stays at a path that the operator opens anew, and holds below one of the account’s', () => {
    const opened = { methods: ['GET'], model: 'none', format: 'plain' } as const
    const endpoints = compileEndpoints(dialects.freeai, { 'videos/generations/{name}': opened })
    expect(endpoints['videos/generations/{name}']).toEqual([expect.objectContaining({ object: { ...named } })])
    const ofFiles = compileEndpoints(dialects.openai, { 'files/{id}/parts': opened })
    expect(ofFiles['files/{id}/parts']).toEqual([expect.objectContaining({ object: { kind: 'file', role: 'names' } })])
  })
})
