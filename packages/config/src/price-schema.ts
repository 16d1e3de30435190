import { z } from 'zod'
import { fault } from './fault.js'
import { alias, aliasFault, type Settings } from './schema-parts.js'
import { decimal, moneyUnit, share } from './units.js'

/** The price file; the same members may stand in the configuration, under `limits.prices`. */
export function createPriceFileSchema(strict: Settings) {
  const tokens = z.int().min(1).max(1_000_000_000_000)
  const entry = strict({
    gateway: alias.optional().meta({ description: 'the gateway, by its name under `gateways`', unset: 'any' }),
    model: z.string().min(1).max(256).describe('the model, by its name as requests have it, or a pattern: `openai/*`'),
    tier: z.string().min(1).max(64).optional().meta({ description: 'the tier, as the gateway calls it', unset: 'any' }),
    unit: moneyUnit.describe('what the prices are in: `credits`, or a currency of ISO 4217; `TL` is read as `TRY`'),
    /** Prices of a million tokens. */
    perMillion: strict({
      input: decimal.describe('the price of a million input tokens'),
      output: decimal.describe('the price of a million output tokens'),
      cached: decimal.optional().meta({ description: 'of a million input tokens that were read from the cache', unset: 'as `input`' }),
      reasoning: decimal.optional().meta({ description: 'of a million output tokens that were spent on reasoning', unset: 'as `output`' }),
    }).optional(),
    perCall: decimal
      .optional()
      .describe('the price of a call, where the entry has no other; else the most that a call costs whose usage cannot be bounded'),
    perImage: decimal.optional().describe('the price of an image'),
    perSecond: decimal.optional().describe('the price of a second of sound or film'),
    maxOutput: tokens.optional().describe('the most output tokens of one answer that the model makes'),
    /** Tokens to set aside for what a request holds beside text. */
    ceilings: strict({
      image: tokens.optional().describe('tokens to set aside for one image of a request'),
      audio: tokens.optional().describe('for one sound'),
      file: tokens.optional().describe('for one file'),
    }).optional(),
  })
  const keyOrStar = z.string().refine((text) => text === '*' || aliasFault(text) === undefined)
  const factor = decimal.refine((markup) => markup > 0, fault('is nothing', 'Write a factor above 0: 1.5 for a markup of 50 %.'))
  return strict({
    /** The operator's name for this state of the file. */
    version: z.string().min(1).max(64).describe('your name for this state of the prices, such as `2026-11`: a text'),
    /** Up to this share, a reported cost is taken as equal. */
    difference: share.default(50_000).describe('up to this share, what a gateway reports is taken to be what the file says'),
    /** By gateway and key alias; `*`: every other key. */
    markups: z
      .record(alias, z.record(keyOrStar, factor))
      .default({})
      .describe('for each gateway, a factor for each key by its alias, and `*` for every other: `1.5` for a markup of 50 %'),
    /** The prices. */
    prices: z.array(entry).min(1),
  })
}
