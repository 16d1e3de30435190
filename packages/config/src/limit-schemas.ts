import { z } from 'zod'
import { fault } from './fault.js'
import { createPriceFileSchema } from './price-schema.js'
import { alias, principalFields, type Settings } from './schema-parts.js'
import { money } from './units.js'

/** What a limit counts apart: each value has a count of its own. */
const apart = ['user', 'team', 'project', 'key', 'workflow', 'session'] as const

const period = ['second', 'minute', 'hour', 'day', 'month'] as const

const unavailable = ['refuse', 'allow'] as const

/** `limits`: how much may be used, by whom, in which time. */
export function createLimitsSchema(strict: Settings) {
  const amount = z.int().min(1).max(1_000_000_000_000)
  const rule = strict({
    /** The name under which it counts, and which clients see. Without one it counts under what it selects. */
    name: alias.optional().meta({
      description: 'the name that it counts under, and that clients see; a change of the rest then keeps the count',
      unset: 'what it selects',
    }),
    /** Each user, team, … has a count of its own. Without it all calls count together. */
    each: z.enum(apart).optional().meta({
      description: 'who or what has a count of its own: each `user`, `team`, `project`, `key`, `workflow` or `session`',
      unset: 'all together',
    }),
    ...principalFields({ user: 'only calls of this user', team: 'only calls of this team', project: 'only calls of this project' }),
    key: alias.optional().describe('only calls with this key'),
    gateway: alias.optional().describe('only calls of this gateway'),
    model: z.string().min(1).optional().describe('only calls that ask for this model, or one of this pattern: `gpt-*`'),
    /** How often the count begins anew, in UTC. */
    per: z
      .enum(period)
      .optional()
      .meta({ description: 'how often the count begins anew, in UTC: `second`, `minute`, `hour`, `day` or `month`', unset: 'never' }),
    /** The most calls that are sent to a gateway. */
    requests: amount.optional().describe('the most calls that are sent to a gateway, each once, whatever its attempts'),
    /** The most tokens, of input and output together, cached ones included. */
    tokens: amount
      .optional()
      .describe('the most tokens, of input and output together; the most that a call can use is set aside before it is sent'),
    /** The most money: an amount with its unit. */
    spend: money.optional().describe('the most money; the most that a call can cost is set aside before it is sent'),
    /** The most streams that are open at once. */
    streams: amount.optional().describe('the most streams that are open at once'),
    onUnavailable: z
      .enum(unavailable)
      .optional()
      .meta({ description: 'what happens to calls while the store cannot be asked: `refuse` or `allow`', unset: '`limits.onUnavailable`' }),
  })
  return strict({
    /** The price file, or what it holds. */
    prices: z
      .union([z.string().min(1), createPriceFileSchema(strict)], {
        error: fault('is neither the path of a file nor prices', 'Write ./prices.yaml, as docs/prices.md shows it.'),
      })
      .optional()
      .describe(
        '[what calls cost](prices.md): the path of a file, beside this one where it is relative; or, in its place, what such a file holds',
      ),
    /** Under a limit of money: what happens to a call whose model has no price. */
    unpriced: z
      .enum(['refuse', 'tokens'])
      .default('refuse')
      .describe(
        'under a limit of money, what happens to a call whose model has no price: `refuse`, or `tokens`: it is counted in tokens only',
      ),
    /** What a call is booked as that ended without a report of what it used. */
    unreported: z
      .enum(['assume', 'measure'])
      .default('assume')
      .describe(
        'what a call is booked as that ends without a report of what it used: `assume`: all that was set aside; `measure`: no more than the bytes that passed allow, which may be too little, since reasoning is not seen',
      ),
    onUnavailable: z
      .enum(unavailable)
      .default('refuse')
      .describe('what happens to calls while the store cannot be asked, where a rule does not say: `refuse` or `allow`'),
    /** Every rule that matches applies; a call passes all of them or none. */
    rules: z.array(rule).default([]),
  })
}
