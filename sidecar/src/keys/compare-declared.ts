import type { Declared } from '@postern/instance'

/** What a new secret is declared to be allowed that the one before was not, in words; empty: nothing. */
export function laxerThan(before: Declared | undefined, after: Declared | undefined): readonly string[] {
  if (before === undefined) return []
  const { budget, tier, models, addresses } = after ?? {}
  return [
    ...(before.budget === undefined || isAtMost(budget, before.budget)
      ? []
      : [`a budget of ${budget ?? 'any amount'} (before: ${before.budget})`]),
    ...(before.tier === undefined || before.tier === tier ? [] : [`the tier ${tier ?? 'of the account'} (before: ${before.tier})`]),
    ...further('models', before.models, models),
    ...further('addresses', before.addresses, addresses),
  ]
}

function further(what: string, before: readonly string[] | undefined, after: readonly string[] | undefined): readonly string[] {
  if (before === undefined) return []
  if (after === undefined) return [`all ${what} (before: ${before.join(', ')})`]
  const added = after.filter((each) => !before.includes(each))
  return added.length === 0 ? [] : [`the ${what} ${added.join(', ')}`]
}

/** Amounts of one unit are compared; of two units nobody knows which is more. */
function isAtMost(amount: string | undefined, most: string): boolean {
  const [, number = '', unit] = /^([0-9.]+) ?(\S+)$/.exec(amount ?? '') ?? []
  const [, mostNumber = '', mostUnit] = /^([0-9.]+) ?(\S+)$/.exec(most) ?? []
  return number !== '' && mostNumber !== '' && unit === mostUnit && Number(number) <= Number(mostNumber)
}
