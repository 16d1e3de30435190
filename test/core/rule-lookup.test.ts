import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlacedRule } from '../../packages/config/dist/lenient-sections.js'
import { createRuleLookup } from '../../packages/config/dist/rule-lookup.js'

type Fields = PlacedRule['part']

const fieldNames = ['user', 'team', 'project'] as const
const isWithin = (wide: Fields, narrow: Fields): boolean =>
  fieldNames.every((name) => wide[name] === undefined || wide[name] === narrow[name])

test('the first rule for callers in common is the one that a look at every pair finds', () => {
  const name = fc.constantFrom('a', 'b', '')
  const fields = fc.record({ user: name, team: name, project: name }, { requiredKeys: [] }) as fc.Arbitrary<Fields>
  fc.assert(
    fc.property(
      fc.array(fields, { maxLength: 12 }),
      fields,
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      (parts, asked, fits) => {
        const rules = parts.map((part, index): PlacedRule => ({ path: String(index), part }))
        const lookup = createRuleLookup()
        for (const rule of rules) lookup.add(rule)
        const doesFit = ({ path }: PlacedRule): boolean => fits[Number(path)] === true
        const known = rules.find((rule) => (isWithin(rule.part, asked) || isWithin(asked, rule.part)) && doesFit(rule))
        expect(lookup.first(asked, doesFit)).toBe(known)
      },
    ),
    { numRuns: 2000 },
  )
})
