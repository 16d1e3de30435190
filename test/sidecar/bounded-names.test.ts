import { expect, test } from 'vitest'
import { BoundedNames } from '../../sidecar/src/telemetry/bounded-names.js'

test('a name that was counted as other is counted under a pattern that is allowed later, also if the bound ends the same list', () => {
  const names = new BoundedNames(2)
  names.allow(['claude-*'])
  expect(names.labelOf('gpt-5')).toBe('other')
  names.allow(['gpt-*', 'one too many'])
  expect({ matched: names.labelOf('gpt-5'), beyond: names.labelOf('one too many') }).toEqual({ matched: 'gpt-*', beyond: 'other' })
})
