import type { Principal } from '@postern/ports'
import { isPlainName, nameFault } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { actAs } from '../../packages/identity/src/act-as.js'
import { refusalOf } from '../support/refusal-of.js'

const delegate: Principal = { via: 'service', caller: 'agent', delegate: true, user: 'svc', team: 'tools', project: 'ops', holder: 'h' }

describe('Postern-Act-As', () => {
  test.each<[string, Partial<Principal>]>([
    ['user=u_7', { user: 'u_7' }],
    ['team=acme', { team: 'acme' }],
    ['project=labs', { project: 'labs' }],
    ['user=u_7,team=acme,project=labs', { user: 'u_7', team: 'acme', project: 'labs' }],
    ['\t project = labs , user\t=\tu_7 ', { user: 'u_7', project: 'labs' }],
    ['user=a%2Cb%3Dc%20d', { user: 'a,b=c d' }],
    ['user=%E5%90%8D', { user: '名' }],
    ["user=!#$&'()*+-./:<>?@[]^_`{|}~", { user: "!#$&'()*+-./:<>?@[]^_`{|}~" }],
  ])('%j names whom a delegate acts for, and nothing of the delegate is left but its label', (header, named) => {
    expect(actAs({ ...delegate, service: 'agent' }, header)).toEqual({
      ...named,
      service: 'agent',
      actsFor: true,
      via: 'service',
      caller: 'agent',
      delegate: false,
    })
  })

  test('of a delegate with a former credential is told as that, so that nobody ends the credential while it is used', () => {
    expect(actAs({ ...delegate, former: true }, 'user=u_7')).toEqual({
      user: 'u_7',
      actsFor: true,
      via: 'service',
      caller: 'agent',
      delegate: false,
      former: true,
    })
  })

  test('of a caller that is no delegate is refused, whatever it says', () => {
    const caller = { ...delegate, delegate: false }
    for (const header of ['user=u_7', '']) expect(refusalOf(() => actAs(caller, header)).code).toBe('delegation_not_allowed')
  })

  test.each(
    [
      ['', 'user', '=u_7', 'user=', 'user= ', 'USER=u_7', 'role=admin', 'constructor=x', 'user=a=b', 'user==a'],
      ['user=a,', ',user=a', 'user=a,,team=b', 'user=a,user=a', 'user=a,team=b,user=c', 'team=a,role=b'],
      ['user=a b', 'user=a;b', 'user=a"b', 'user=a\\b', 'user=ä', 'user=a\x7f', 'user=a\x1fb', 'user=a\u00a0'],
      ['user=%', 'user=%4', 'user=%zz', 'user=%E4', 'user=%ED%A0%80', 'user=a\nb'],
    ].flat(),
  )('%j is refused and names nobody', (header) => {
    const refusal = refusalOf(() => actAs(delegate, header))
    expect([refusal.code, refusal.details.param]).toEqual(['request_malformed', 'Postern-Act-As'])
    expect(refusal.message).toMatch(/^Postern-Act-As is written "user=…/)
  })

  test.each([
    ['user=%20a', 'user', 'begins or ends with a space'],
    ['team=a%00', 'team', 'holds U+0000'],
    ['project=e%CC%81', 'project', 'composed form'],
    [`user=${'a'.repeat(257)}`, 'user', 'longer than 256 characters'],
  ])('%s is refused with what is wrong about the name', (header, field, fault) => {
    const { message } = refusalOf(() => actAs(delegate, header))
    expect(message).toMatch(new RegExp(`^Postern-Act-As names a ${field} that is no name: it `))
    expect(message).toContain(fault)
  })
})

describe('a name', () => {
  test.each([
    'a',
    'a b',
    'ada@example.com',
    '!~',
    'Zoë',
    '名前',
    '🏰',
    'a🏰',
    'x'.repeat(256),
    '🏰'.repeat(256),
    'ö'.repeat(256),
    'a e\u0323',
  ])('may be %s', (text) => {
    expect(nameFault(text.normalize('NFC'))).toBeUndefined()
    expect(isPlainName(text.normalize('NFC'))).toBe(true)
  })

  test.each([
    ['', 'is empty'],
    ['x'.repeat(257), 'is longer than 256 characters'],
    ['ö'.repeat(257), 'is longer than 256 characters'],
    ['🏰'.repeat(257), 'is longer than 256 characters'],
    [' a', 'begins or ends with a space, or has two in a row'],
    ['a ', 'begins or ends with a space, or has two in a row'],
    ['a  ', 'begins or ends with a space, or has two in a row'],
    ['a \0', 'holds U+0000, which cannot be seen or has no meaning of its own'],
    ['a  b', 'begins or ends with a space, or has two in a row'],
    [' ä', 'begins or ends with a space, or has two in a row'],
    ['\u0301a', 'begins with a mark that belongs to a character before it'],
    ['e\u0301', 'is not written in its composed form (Unicode NFC)'],
    ['\u212b', 'is not written in its composed form (Unicode NFC)'],
    ['a\ufffd', 'holds U+FFFD, which stands for bytes that are no UTF-8'],
    ['a\nb', 'holds U+000A, which cannot be seen or has no meaning of its own'],
  ])('is not %j: it %s', (text, fault) => {
    expect(nameFault(text)).toBe(fault)
    expect(isPlainName(text)).toBe(false)
  })

  test.each(
    [
      ['\0', '\x1f', '\x7f', '\x80', '\u00ad', '\u200b', '\u202e', '\ufeff', '\ud800', '\ue000', '\u0378', '\u{e0041}'],
      ['\u00a0', '\u2003', '\u2028', '\u2029', '\u3000', '\u1680'],
      ['\u034f', '\u115f', '\u3164', '\ufe0f', '\u2800', '\ufffc', '\u{16fe4}', '\u{1d159}'],
    ].flat(),
  )('does not hold %j, which cannot be seen', (character) => {
    const number = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')
    expect(nameFault(`a${character}b`)).toBe(`holds U+${number}, which cannot be seen or has no meaning of its own`)
  })

  test.each([undefined, null, 7, ['a'], { length: 1 }])('is no value of another type: %j', (value) => {
    expect(isPlainName(value)).toBe(false)
  })
})
