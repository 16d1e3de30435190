import { type CheckedConfig, patternsMeet } from '@postern/config'
import { rankEntries, type RankedEntry } from '@postern/core'
import { type PriceFile, unitsOfGateway } from '@postern/ports'
import { compileNamePattern } from '@postern/protocol'
import { findNamedModels } from './named-models.js'

/** Something about the prices that the operator should know. */
export interface Finding {
  /** Where: a setting of the configuration, or a member of the price file. */
  readonly path: string
  readonly reason: string
}

/** How the price file fits the configuration. */
export interface PriceReview {
  /** What the file leaves without a price. */
  readonly unpriced: readonly Finding[]
  /** What may be a mistake, and leaves nothing without a price. */
  readonly notes: readonly Finding[]
}

/** Compares the price file with the gateways, keys, policies and limits of the configuration. */
export function reviewPrices({ config }: CheckedConfig, prices: PriceFile): PriceReview {
  const ranked = rankEntries(prices.prices)
  const used = gatewaysInUse(config)
  const priced = [...used].filter((name) => unitsOfGateway(prices, name).size > 0)
  const models = findNamedModels(config).map((named) => ({ ...named, ...pricesOf(named, ranked, priced) }))
  return {
    unpriced: [
      ...[...used].filter((name) => !priced.includes(name)).map((name) => ({ path: `gateways.${name}`, reason: 'has no price at all.' })),
      ...keysInOtherUnits(config, prices, priced),
      ...models
        .filter(({ anywhere, gateways }) => !anywhere && gateways.length > 0)
        .map(({ path, name }) => ({ path, reason: `names "${name}", which has no price.` })),
    ],
    notes: [
      ...models
        .filter(({ anywhere, missingAt, partlyAt }) => anywhere && missingAt.length + partlyAt.length > 0)
        .map(({ path, name, missingAt, partlyAt }) => ({ path, reason: describePartly(name, missingAt, partlyAt) })),
      ...findMarkupFaults(config, prices),
      ...findUnmetEntries(config, prices, ranked, used),
    ],
  }
}

/** The gateways that calls may go to. A key of the ring may be for any of the configuration's. */
function gatewaysInUse({ keyRing, gateways, keys }: CheckedConfig['config']): ReadonlySet<string> {
  return new Set(keyRing === undefined ? Object.values(keys).map(({ gateway }) => gateway) : Object.keys(gateways))
}

/** The keys that are debited in a unit in which their gateway has no price. */
function keysInOtherUnits({ keys }: CheckedConfig['config'], prices: PriceFile, priced: readonly string[]): readonly Finding[] {
  const units = new Map(priced.map((name) => [name, unitsOfGateway(prices, name)]))
  return Object.entries(keys).flatMap(([alias, { gateway, currency }]) => {
    if (currency === undefined || units.get(gateway)?.has(currency) !== false) return []
    return [{ path: `keys.${alias}`, reason: `is debited in ${currency}, and "${gateway}" has no price in that unit.` }]
  })
}

/** Where a model, or the models of a pattern, have prices. */
function pricesOf(
  { name, gateways }: { readonly name: string; readonly gateways: readonly string[] },
  ranked: readonly RankedEntry[],
  priced: readonly string[],
) {
  const reached = gateways.filter((gateway) => priced.includes(gateway))
  const missingAt: string[] = []
  const partlyAt: string[] = []
  for (const gateway of reached) {
    const entries = ranked.filter(({ entry }) => entry.gateway === undefined || entry.gateway === gateway)
    // A star of the name is matched only by a star of the entry, so an entry that matches it as a text holds for all that it stands for.
    if (entries.some(({ matchesModel }) => matchesModel(name))) continue
    if (entries.some(({ entry }) => patternsMeet(entry.model, name))) partlyAt.push(gateway)
    else missingAt.push(gateway)
  }
  return { gateways: reached, missingAt, partlyAt, anywhere: missingAt.length < reached.length }
}

function describePartly(name: string, missingAt: readonly string[], partlyAt: readonly string[]): string {
  const quoted = (names: readonly string[]): string => names.map((each) => `"${each}"`).join(', ')
  const missing = missingAt.length === 0 ? [] : [`has no price at ${quoted(missingAt)}`]
  const partly = partlyAt.length === 0 ? [] : [`stands for models of which only some have a price at ${quoted(partlyAt)}`]
  return `names "${name}", which ${[...missing, ...partly].join(', and ')}.`
}

function findMarkupFaults({ gateways, keys, keyRing }: CheckedConfig['config'], { markups }: PriceFile): readonly Finding[] {
  const findings: Finding[] = []
  for (const [gateway, ofKeys] of Object.entries(markups)) {
    const path = `markups.${gateway}`
    if (!Object.hasOwn(gateways, gateway)) {
      findings.push({ path, reason: 'is for a gateway that the configuration has not.' })
      continue
    }
    // An alias that the configuration has not may be one of the ring.
    for (const alias of Object.keys(ofKeys))
      if (alias !== '*' && (Object.hasOwn(keys, alias) ? keys[alias]?.gateway !== gateway : keyRing === undefined))
        findings.push({ path: `${path}.${alias}`, reason: `is for a key that "${gateway}" has not.` })
    if (Object.hasOwn(ofKeys, '*')) continue
    for (const [alias, key] of Object.entries(keys))
      if (key.gateway === gateway && !Object.hasOwn(ofKeys, alias))
        findings.push({
          path: `keys.${alias}`,
          reason: `has no markup, and other keys of "${gateway}" have one: its calls are priced without.`,
        })
  }
  return findings
}

/** The entries that decide the price of no call. */
function findUnmetEntries(
  { policies }: CheckedConfig['config'],
  { prices }: PriceFile,
  ranked: readonly RankedEntry[],
  used: ReadonlySet<string>,
): readonly Finding[] {
  const allowed = policies.models ?? []
  return prices.flatMap((entry, index) => {
    const path = `prices[${index}]`
    const met = entry.gateway === undefined ? [...used] : [entry.gateway].filter((name) => used.has(name))
    if (met.length === 0) {
      const gateways = entry.gateway === undefined ? 'any gateway' : `the gateway "${entry.gateway}"`
      return [{ path, reason: `is for ${gateways}, which no key leads to.` }]
    }
    if (allowed.length > 0 && !allowed.some((model) => patternsMeet(model, entry.model)))
      return [{ path, reason: `is for "${entry.model}", which policies.models does not allow.` }]
    const { rank } = ranked.find((each) => each.entry === entry) as RankedEntry
    const hiding = met.map((gateway) => ranked.slice(0, rank).find((other) => hides(other, entry, gateway)))
    if (hiding.includes(undefined)) return []
    const others = [...new Set(hiding.map((other) => `prices[${prices.indexOf((other as RankedEntry).entry)}]`))]
    return [{ path, reason: `is hidden by ${others.join(' and ')}: every call that it is for is priced by that.` }]
  })
}

/** Whether an entry of a lower rank is for every call of a gateway that another is for. */
function hides({ entry }: RankedEntry, other: PriceFile['prices'][number], gateway: string): boolean {
  if (entry.unit !== other.unit || (entry.gateway !== undefined && entry.gateway !== gateway)) return false
  if (entry.tier !== undefined && entry.tier !== other.tier) return false
  return entry.model === other.model || compileNamePattern(entry.model)(other.model)
}
