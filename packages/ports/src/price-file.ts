import type { Billionths } from './amount.js'

/** What files, pictures and sound in a request are bounded by. */
export type CeilingKind = 'image' | 'audio' | 'file'

/** The prices of a million tokens of each kind. */
export interface TokenPrices {
  readonly input: Billionths
  readonly output: Billionths
  /** Of the input that was read from the cache. Default: as `input`. */
  readonly cached?: Billionths | undefined
  /** Of the output that was spent on reasoning. Default: as `output`. */
  readonly reasoning?: Billionths | undefined
}

/** One entry of the price file: what calls of a model cost in one unit. */
export interface PriceEntry {
  /** The gateway's name in the configuration; `undefined`: any gateway. */
  readonly gateway?: string | undefined
  /** A model's name, or a pattern in which `*` stands for any characters. */
  readonly model: string
  /** `undefined`: any tier. */
  readonly tier?: string | undefined
  /** `credits`, or an ISO 4217 currency. */
  readonly unit: string
  readonly perMillion?: TokenPrices | undefined
  /** The price of a call, if the entry has no other price; else the most that a call costs whose usage cannot be bounded. */
  readonly perCall?: Billionths | undefined
  readonly perImage?: Billionths | undefined
  readonly perSecond?: Billionths | undefined
  /** The most output tokens of one answer that the model makes. */
  readonly maxOutput?: number | undefined
  /** Tokens to set aside for one image, sound or file of a request. */
  readonly ceilings?: { readonly [Kind in CeilingKind]?: number | undefined } | undefined
}

/** The price file, checked. */
export interface PriceFile {
  /** The operator's name for this state of the file. */
  readonly version: string
  /** The share, in millionths, above which a reported cost that differs from the file is logged. */
  readonly difference: number
  /** What the prices of a gateway are multiplied by for a key, in billionths, by gateway and alias; `*`: every other key. */
  readonly markups: Readonly<Record<string, Readonly<Record<string, Billionths>>>>
  readonly prices: readonly PriceEntry[]
}

/** The units in which calls of a gateway have a price in the file at all. */
export function unitsOfGateway({ prices }: Pick<PriceFile, 'prices'>, gateway: string): ReadonlySet<string> {
  return new Set(prices.filter((entry) => entry.gateway === undefined || entry.gateway === gateway).map(({ unit }) => unit))
}
