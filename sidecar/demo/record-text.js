const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 })

/**
 * The cost in one line, such as `0.105 credits`.
 *
 * @param {{ amount: number, unit: string } | undefined} cost
 * @returns {string | undefined}
 */
export function costText(cost) {
  return cost === undefined ? undefined : `${number.format(cost.amount)} ${cost.unit}`
}

/**
 * All tokens of a request in one line, such as `42 tokens`.
 *
 * @param {{ input?: number, output?: number, total?: number } | undefined} usage
 * @returns {string | undefined}
 */
export function tokensText(usage) {
  const total = totalOf(usage)
  return total === undefined ? undefined : `${number.format(total)} ${total === 1 ? 'token' : 'tokens'}`
}

/**
 * What the tokens were, such as `12 in, 30 out, 4 of them reasoning`.
 *
 * @param {{ input?: number, output?: number, cached?: number, reasoning?: number } | undefined} usage
 * @returns {string | undefined}
 */
export function tokenDetails(usage) {
  if (usage === undefined) return undefined
  const parts = [part(usage.input, 'in', usage.cached, 'cached'), part(usage.output, 'out', usage.reasoning, 'reasoning')].filter(
    (text) => text !== undefined,
  )
  return parts.length === 0 ? undefined : parts.join(', ')
}

/**
 * @param {number | undefined} milliseconds
 * @returns {string | undefined}
 */
export function millisecondsText(milliseconds) {
  return milliseconds === undefined ? undefined : `${number.format(milliseconds)} ms`
}

function totalOf(usage) {
  if (usage?.total !== undefined) return usage.total
  return usage?.input === undefined || usage.output === undefined ? undefined : usage.input + usage.output
}

function part(count, name, detail, detailName) {
  if (count === undefined) return undefined
  const of = detail ? ` (${number.format(detail)} ${detailName})` : ''
  return `${number.format(count)} ${name}${of}`
}
