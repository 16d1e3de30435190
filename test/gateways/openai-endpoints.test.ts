import { createEndpointTable, dialects, isBelow, isHoldersPath, openaiEndpoints } from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { type ClientClass, readCalls, recordCalls } from '../support/client-methods.js'

const { find } = createEndpointTable(openaiEndpoints)

/** What the table has of a call: `listed`, `closed` where it is nobody's but the account holder's, or `missing`. */
function standingOf(call: string): 'listed' | 'closed' | 'missing' {
  const [method = '', path = ''] = call.split(' ')
  if (find(path.replaceAll('{}', 'an-id'))?.endpoints.some(({ methods }) => methods.includes(method)) === true) return 'listed'
  return isHoldersPath(path) || isBelow(dialects.openai.operatorPaths, path) ? 'closed' : 'missing'
}

const recorded = new Map([
  ['openai', await recordCalls(OpenAI as unknown as ClientClass)],
  ['openai-7', await recordCalls(OpenAI7 as unknown as ClientClass)],
])

describe.each([...recorded])('of the package %s', (name, calls) => {
  const all = [...new Set([...calls, ...readCalls(name)])].toSorted()

  test('every method is in the table of endpoints, or closed for good', () => {
    expect(all.filter((call) => standingOf(call) === 'missing')).toEqual([])
  })

  test('the methods were found', () => {
    expect(calls.size).toBeGreaterThan(150)
    expect(all).toEqual(
      expect.arrayContaining(['POST chat/completions', 'POST threads/{}/runs', 'GET files/{}/content', 'DELETE models/{}']),
    )
    expect(all.length - calls.size).toBeLessThan(15)
  })

  test('only what administers an account or hands out credentials is closed for good', () => {
    const closed = new Set(all.filter((call) => standingOf(call) === 'closed').map((call) => call.replace(/^\w+ /, '').replace(/\/.*/, '')))
    const administering = ['chatkit', 'fine_tuning', 'live', 'organization', 'projects', 'realtime', 'safety', 'vaults']
    expect([...closed].filter((first) => !first.startsWith('webhook_')).toSorted()).toEqual(
      administering.filter((first) => all.some((call) => call.split(' ')[1]?.startsWith(`${first}/`))),
    )
  })
})

test('the table lists nothing that neither package calls', () => {
  const called = new Set([...recorded].flatMap(([name, calls]) => [...calls, ...readCalls(name)]))
  const listed = Object.entries(openaiEndpoints).flatMap(([path, entry]) =>
    ('methods' in entry ? [entry] : [...entry]).flatMap(({ methods }) =>
      methods.map((method) => `${method} ${path.replaceAll(/\{[^/]*\}/g, '{}')}`),
    ),
  )
  expect(listed.filter((call) => !called.has(call))).toEqual([])
})

test('every endpoint that neither runs a model nor reads the list of them is about something stored, or says that it is not', () => {
  const stateless = Object.entries(openaiEndpoints).flatMap(([path, entry]) =>
    ('methods' in entry ? [entry] : [...entry]).filter((each) => each.model === 'none' && !('object' in each)).map(() => path),
  )
  expect(stateless).toEqual(['content_provenance_checks', 'models', 'models/{model}', 'fine_tuning/alpha/graders/validate'])
})

test('a path lies below another in whatever spelling either of them has', () => {
  for (const above of [
    'organization',
    'Organization',
    'fine_tuning/..//organization',
    '%6frganization',
    'organization;v=1',
    './organization/',
  ])
    for (const path of ['organization', 'ORGANIZATION/users', 'organization;x/users', 'models/../organization/users', 'organ%69zation'])
      expect(isBelow([above], path), `${path} below ${above}`).toBe(true)
  for (const path of ['organizations', 'models/organization', 'organization/../models', '%', ''])
    expect(isBelow(['Organization', 'a%'], path), path).toBe(false)
})
