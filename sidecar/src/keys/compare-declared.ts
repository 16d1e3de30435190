import type { Declared } from '@postern/instance'

/** What a new secret may do and the secret before it may not, in words, as the operator declared both. Empty: nothing. */
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

/** Compares amounts of one unit. Amounts of two units cannot be compared and count as more. */
function isAtMost(amount: string | undefined, max: string): boolean {
  const [, number = '', unit] = /^([0-9.]+) ?(\S+)$/.exec(amount ?? '') ?? []
  const [, maxNumber = '', maxUnit] = /^([0-9.]+) ?(\S+)$/.exec(max) ?? []
  return number !== '' && maxNumber !== '' && unit === maxUnit && Number(number) <= Number(maxNumber)
}
