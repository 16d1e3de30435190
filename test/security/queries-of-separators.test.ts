import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { maxParameters, splitQuery, unescapeLeniently } from '../../packages/core/src/lib/query-names.js'
import { forEachDoor } from '../support/for-each-door.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

/*
 * A query is read before anybody is known, so what one piece of it costs counts as often as it has pieces. What is counted are calls of
 * functions, and never a time.
 */

interface Head {
  readonly query?: string
  readonly cookie?: string
}

async function callsFor(heads: readonly Head[]): Promise<readonly { readonly calls: number; readonly code: string | undefined }[]> {
  const worker = new Worker(new URL('../support/count-head-work.mjs', import.meta.url), { workerData: heads })
  const [counted] = (await once(worker, 'message')) as [{ calls: number; code: string | undefined }[]]
  await worker.terminate()
  return counted
}

/** About as long as a head may be, in characters. */
const length = 15_000
const filled = (unit: string): string => unit.repeat(Math.ceil(length / unit.length)).slice(0, length)

/** The most calls for a head that is read, whatever stands in it: three for each character. */
const mostCalls = 45_000
/** The most for one that is refused by its number of pieces. */
const mostToRefuse = 200

const tooMany = [';', '&', ';&', '=&', 'a&', 'a=b&', 'a=%41&', '[]&', '.;', '&amp;', '+&']
const long = [
  'a.b&a.b.c.d.e.f.g.h=1234567890&',
  '%',
  '%2e',
  '%253B',
  '=',
  'a',
  '[',
  '%41=%2541',
  `${'a.'.repeat(120)}=1&`,
  `${'a'.repeat(250)}=1&`,
]

describe('queries-of-separators: nothing is done for each of many pieces of a head before anybody is known', () => {
  test('a query of more parameters than any API has is refused before one of them is read, empty ones included', async () => {
    for (const [index, { calls, code }] of (await callsFor(tooMany.map((unit) => ({ query: `?${filled(unit)}` })))).entries()) {
      expect(code, tooMany[index]).toBe('request_malformed')
      expect(calls, tooMany[index]).toBeLessThan(mostToRefuse)
    }
  })

  test('what a query of few parameters nests is bounded too, in all of them together', async () => {
    for (const [index, { calls }] of (await callsFor(long.map((unit) => ({ query: `?${filled(unit)}` })))).entries())
      expect(calls, long[index]).toBeLessThan(mostCalls)
  })

  test('as many parameters as there may be are read, and one more is refused', async () => {
    const most = `?${Array.from({ length: maxParameters }, (_, index) => `p${index}=1`).join('&')}`
    const [whole, more] = await callsFor([{ query: most }, { query: `${most}&q=1` }])
    expect(whole?.code).toBeUndefined()
    expect(whole?.calls).toBeLessThan(mostCalls)
    expect(more?.code).toBe('request_malformed')
  })

  test('so are cookies: more than any browser sends are refused before one is hashed', async () => {
    for (const { calls, code } of await callsFor([';', 'a=b;', 'a=b,', 'k=1; '].map((unit) => ({ cookie: filled(unit) })))) {
      expect(code).toBe('request_malformed')
      expect(calls).toBeLessThan(mostToRefuse)
    }
    const [usual] = await callsFor([{ cookie: Array.from({ length: 180 }, (_, index) => `k${index}=1`).join('; ') }])
    expect(usual?.code).toBeUndefined()
  })

  test('every reader of parameters has them from one function, which leaves out the empty ones', () => {
    expect(splitQuery('?a=1&&b=2;;c&')).toEqual(['a=1', 'b=2', 'c'])
    expect(splitQuery('?')).toEqual([])
  })

  test('escapes are read in one pass, as they were in pieces', () => {
    const inPieces = (text: string): string =>
      text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'))
    const parts = [
      '%',
      '%4',
      '%41',
      '%e2%82%ac',
      '%E2',
      '%82',
      '\u00e9',
      '\u20ac',
      'a',
      '%%34',
      '%zz',
      '%c3\u00a9',
      '%f0%9f',
      '%00',
      '\u{1f600}',
    ]
    for (const one of parts)
      for (const two of parts) for (const three of parts) expect(unescapeLeniently(one + two + three)).toBe(inPieces(one + two + three))
  })
})

forEachDoor({ gateway: 'joytoken' }, (house) => {
  test.each([';', '&', 'a&'])('queries-of-separators: %s again and again is 400 with and without a credential', async (unit) => {
    const before = house().emulator.seen.length
    for (const headers of [[], ['Authorization: Bearer nobody-0123456789']]) {
      const answer = await rawChat(house(), headers, { path: `/ai/v1/chat/completions?${unit.repeat(5000)}` })
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
    }
    expect(house().emulator.seen.length).toBe(before)
  })
})
