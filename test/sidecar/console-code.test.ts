import { expect, test } from 'vitest'
import { codeMs, OneTimeCode } from '../../sidecar/src/console/one-time-code.js'
import { PageToken, tokenMs } from '../../sidecar/src/console/page-token.js'

test('a code of the console is good for 60 seconds and not a millisecond longer', () => {
  let now = 1000
  const code = new OneTimeCode(() => now)
  const [late, inTime] = [code.issue(), () => code.issue()]
  now += codeMs
  expect([codeMs, code.take(late)]).toEqual([60_000, false])
  const given = inTime()
  now += codeMs - 1
  expect([code.take(given), code.take(given)]).toEqual([true, false])
})

test('a wrong code does not end the right one', () => {
  const code = new OneTimeCode()
  const given = code.issue()
  expect([code.take(''), code.take(`${given}x`), code.take(given)]).toEqual([false, false, true])
})

test('a token of the console’s page is good for twelve hours, in the one form of its header', () => {
  let now = 0
  const token = new PageToken(() => now)
  expect(token.isIn('Bearer anything')).toBe(false)
  const given = token.issue()
  const forms = [given, `bearer ${given}`, `Bearer  ${given}`, `Bearer ${given} `, `Basic ${given}`, undefined]
  expect(forms.map((form) => token.isIn(form))).toEqual(forms.map(() => false))
  expect(token.isIn(`Bearer ${given}`)).toBe(true)
  now = tokenMs
  expect(token.isIn(`Bearer ${given}`)).toBe(false)
})
