import { describe, expect, test } from 'vitest'
import { expectLinear } from '../support/cpu-time.js'
import {
  charsetOf,
  isUtf8Type,
  namesNoOther,
  refuseOtherReadings,
  refusePackedBody,
} from '../../packages/core/src/read/strict-content-type.js'
import { refusalOf } from '../support/refusal-of.js'

describe('the type of a body of JSON', () => {
  test.each(
    [
      ['application/json', 'application/json;', 'application/json; ', ' application/json', 'application/vnd.x+json'],
      ['application/json; charset=utf-8', 'application/json;charset=UTF8', 'application/json; charset="utf-8"', 'x; Charset = utf-8 ; a=b'],
      ['application/json; a=b; charset=utf-8', 'application/json; a="b c"; ; a!#$%&\'*+.^_`|~-=b', 'application/json;charset=utf-8;', ''],
    ]
      .flat()
      .filter((type) => type !== ''),
  )('%j is read as UTF-8', (type) => {
    expect(isUtf8Type(type)).toBe(true)
    expect(refuseOtherReadings({ 'content-type': type })).toBeUndefined()
  })

  test.each(
    [
      [
        '',
        ' ',
        'application/json, text/plain',
        'application/json "x"',
        'application json',
        'application/json; a',
        'application/json; a=',
        '; a=b',
      ],
      ['application/json; a="b', 'application/json; a="b\\"c"', 'application/json; a b=c', 'application/json; a="b" c', 'a"b', 'a,b'],
      [
        'application/json; charset=utf-16',
        'application/json; charset=utf-8; charset=utf-7',
        'application/json; charset="utf-7"',
        'a; charset=utf-80',
      ],
      [
        "application/json; charset='utf-8'",
        "a; charset*=utf-8''x",
        'a; xcharset=utf-8',
        'a; x=charset',
        'a; x="; charset=utf-8"; charset=utf-7',
      ],
      ['a; charset=xutf-8', 'charset/json', 'a; charset="utf-8', 'a; CHARSET=latin1'],
    ].flat(),
  )('%j is not', (type) => {
    expect(isUtf8Type(type)).toBe(false)
    const refusal = refusalOf(() => refuseOtherReadings({ 'content-type': type }))
    expect([refusal.code, refusal.details.param]).toEqual(['request_malformed', 'Content-Type'])
  })

  test('is not left out', () => {
    expect(refusalOf(() => refuseOtherReadings({})).code).toBe('request_malformed')
  })

  test('may be asked for another charset', () => {
    const ascii = charsetOf('us-ascii')
    expect([isUtf8Type('text/plain; charset=US-ASCII', ascii), isUtf8Type('text/plain; charset=utf-8', ascii)]).toEqual([true, false])
    expect([namesNoOther('text/plain; charset=us-ascii', ascii), namesNoOther('a, b', ascii)]).toEqual([true, true])
    expect([namesNoOther('a; charset=us-ascii; charset=us-ascii', ascii), namesNoOther('a; x-charset', ascii)]).toEqual([false, false])
  })

  test.each(['; a=b', ' ', ';', '; a="', '=', '; '])('is looked at in time that grows with its length alone: %j', async (unit) => {
    await expectLinear((count) => isUtf8Type(`a/b${unit.repeat(count)}\0`), 10_000)
  })
})

describe('a compressed body', () => {
  test.each(['gzip', 'identity, gzip', 'identity ', '', 'br', 'x-identity', 'identityx'])('is refused: %j', (encoding) => {
    const refusal = refusalOf(() => refusePackedBody({ 'content-encoding': encoding }))
    expect([refusal.code, refusal.details.param, refusal.details.headers]).toEqual([
      'media_type_unsupported',
      'Content-Encoding',
      ['Accept-Encoding', 'identity'],
    ])
    const ofJson = () => refuseOtherReadings({ 'content-type': 'application/json', 'content-encoding': encoding })
    expect(refusalOf(ofJson).code).toBe('media_type_unsupported')
  })

  test('is none that says it is as it is', () => {
    for (const headers of [{}, { 'content-encoding': 'identity' }, { 'content-encoding': 'Identity' }])
      expect(refusePackedBody(headers)).toBeUndefined()
  })
})
