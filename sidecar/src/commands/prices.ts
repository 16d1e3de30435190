import { type PriceEntry, writeAmount } from '@postern/ports'
import { redactKeys } from '@postern/protocol'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { type Finding, reviewPrices } from '../prices/review-prices.js'
import { print, printJson, printTable } from '../print.js'

/** Prints the price file, and what it leaves without a price. Exit code 1 if it leaves something, else 0. */
export function checkPrices(options: { readonly config: string; readonly json?: boolean }): number {
  // No price depends on a secret.
  const { checked } = requireConfig(options.config, () => true)
  const { prices } = checked
  if (prices === undefined)
    throw new Failure(`${options.config} names no prices. Write  limits: { prices: ./prices.yaml }; docs/prices.md shows such a file.`)
  const { unpriced, notes } = reviewPrices(checked, prices)
  const code = unpriced.length === 0 ? 0 : 1
  if (options.json === true) {
    const { version, difference, markups } = prices
    const factors = Object.entries(markups).map(([gateway, ofKeys]) => [gateway, decimalsOf(ofKeys)] as const)
    const data = { version, difference: difference / 1_000_000, markups: Object.fromEntries(factors), prices: prices.prices.map(asJson) }
    printJson(JSON.parse(redactKeys(JSON.stringify({ ok: code === 0, ...data, unpriced, notes }))))
    return code
  }
  printTable(
    ['', 'gateway', 'model', 'tier', 'unit', 'prices'],
    prices.prices.map((entry, index) =>
      [String(index), entry.gateway ?? 'any', entry.model, entry.tier ?? 'any', entry.unit, describe(entry).join('\n')].map(redactKeys),
    ),
  )
  for (const [gateway, ofKeys] of Object.entries(prices.markups))
    print(redactKeys(`Times, at ${gateway}: ${listed(Object.entries(ofKeys), (alias) => (alias === '*' ? 'every other key' : alias))}.`))
  printFindings('What may be a mistake:', notes)
  if (code === 0) print(`Version ${redactKeys(prices.version)}: everything that the configuration names has a price.`)
  else process.stderr.write(`${redactKeys(`Without a price:\n${unpriced.map(line).join('\n')}`)}\n`)
  return code
}

function printFindings(title: string, findings: readonly Finding[]): void {
  if (findings.length > 0) print(redactKeys(`${title}\n${findings.map(line).join('\n')}`))
}

function line({ path, reason }: Finding): string {
  return `  ${path}: ${reason}`
}

/** The prices of an entry, a line for each kind. */
function describe({ perMillion, perCall, perImage, perSecond, maxOutput, ceilings }: PriceEntry): readonly string[] {
  const isPrice = perMillion === undefined && perImage === undefined && perSecond === undefined
  return [
    ...(perMillion === undefined ? [] : [`a million tokens: ${listed(Object.entries(perMillion))}`]),
    ...(perImage === undefined ? [] : [`an image: ${writeAmount(perImage)}`]),
    ...(perSecond === undefined ? [] : [`a second: ${writeAmount(perSecond)}`]),
    ...(perCall === undefined ? [] : [`${isPrice ? 'a call' : 'a call that nothing else bounds'}: ${writeAmount(perCall)}`]),
    ...(maxOutput === undefined ? [] : [`most output: ${countOf(maxOutput, 'token')}`]),
    ...Object.entries(ceilings ?? {}).flatMap(([kind, tokens]) =>
      tokens === undefined ? [] : [`set aside for each ${kind}: ${countOf(tokens, 'token')}`],
    ),
  ]
}

function listed(amounts: readonly (readonly [name: string, amount: number | undefined])[], named = (name: string): string => name): string {
  return amounts.flatMap(([name, amount]) => (amount === undefined ? [] : [`${named(name)} ${writeAmount(amount)}`])).join(', ')
}

/** With amounts as decimals in text, as the file may have them. */
function asJson({ perMillion, perCall, perImage, perSecond, ...rest }: PriceEntry): object {
  return {
    ...rest,
    ...(perMillion === undefined ? {} : { perMillion: decimalsOf(perMillion) }),
    ...decimalsOf({ perCall, perImage, perSecond }),
  }
}

function decimalsOf(amounts: Readonly<Record<string, number | undefined>> | object): Readonly<Record<string, string>> {
  const known = Object.entries(amounts as Readonly<Record<string, number | undefined>>).filter(([, amount]) => amount !== undefined)
  return Object.fromEntries(known.map(([name, amount]) => [name, writeAmount(amount as number)]))
}
