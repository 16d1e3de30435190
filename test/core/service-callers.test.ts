import { hash } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createRingLookup } from '../../packages/identity/src/ring-lookup.js'
import { createServiceVerifier } from '../../packages/identity/src/service-verifier.js'
import type { Arrival } from '@postern/ports'
import { refusalOf } from '../support/refusal-of.js'

const ring = ['ada', 'bob'].map((label) => ({ label, digest: hash('sha256', `credential of ${label}`) }))
const none = {} as Arrival

describe('a ring', () => {
  test('names the caller of each credential, and nobody for any other text', () => {
    const lookup = createRingLookup(ring)
    expect(['credential of ada', 'credential of bob'].map((text) => lookup(text)?.label)).toEqual(['ada', 'bob'])
    expect(['credential of eve', '', 'ada', ring[0]?.digest ?? '', 'credential of ada '].map(lookup)).toEqual(Array.from({ length: 5 }))
  })
})

describe('a former credential', () => {
  const until = Date.UTC(2026, 11, 1, 12)
  const withFormer = [...ring, { label: 'ada', digest: hash('sha256', 'former credential of ada'), until }]
  const verifier = createServiceVerifier(withFormer, new Map([['ada', { team: 'acme' }]]))
  const verify = (text: string) => verifier.verify({ form: 'bearer', text }, none)
  afterEach(() => vi.useRealTimers())

  test('is the same caller until its end, and then nobody, however often it was seen before', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: until - 1 })
    const current = { team: 'acme', via: 'service', caller: 'ada' }
    expect(verify('credential of ada')).toMatchObject(current)
    expect(verify('credential of ada')).not.toHaveProperty('former')
    expect(verify('former credential of ada')).toMatchObject({ ...current, former: true })
    vi.setSystemTime(until)
    expect(() => verify('former credential of ada')).toThrow(expect.objectContaining({ code: 'caller_expired' }))
    expect(verify('credential of ada')).toMatchObject(current)
  })
})

describe('a service caller', () => {
  const principals = new Map([['ada', { user: 'u_7', team: 'acme', project: 'labs', delegate: true }]])
  const verifierOf = () => createServiceVerifier(ring, principals)

  test('is known by the token of Authorization alone', () => {
    const verifier = verifierOf()
    expect(verifier.via).toBe('service')
    const forms = (['bearer', 'dpop', 'cookie', 'none'] as const).map((form) => verifier.recognises({ form, text: 'x' }))
    expect(forms).toEqual([true, true, false, false])
  })

  test('is whom the configuration says, with its label as the caller', () => {
    expect(verifierOf().verify({ form: 'bearer', text: 'credential of ada' }, none)).toEqual({
      user: 'u_7',
      team: 'acme',
      project: 'labs',
      service: 'ada',
      delegate: true,
      via: 'service',
      caller: 'ada',
    })
  })

  test('is nobody’s delegate, and of no user, team or project, unless the configuration says so', () => {
    expect(verifierOf().verify({ form: 'bearer', text: 'credential of bob' }, none)).toEqual({
      user: undefined,
      team: undefined,
      project: undefined,
      service: 'bob',
      delegate: false,
      via: 'service',
      caller: 'bob',
    })
  })

  test('is refused with a credential that is not in the ring, also of a label that the configuration names', () => {
    for (const text of ['credential of eve', 'ada', ''])
      expect(refusalOf(() => verifierOf().verify({ form: 'bearer', text }, none)).code).toBe('caller_invalid')
  })
})
