import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkConfig } from '@postern/config'
import { compilePrices, type PricedCall, type Prices } from '@postern/core'
import { type PriceFile, writeAmount } from '@postern/ports'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/prices.md'), 'utf8')

/** The file that the page shows, as the configuration takes it. */
function readExample(): PriceFile {
  const [, example = ''] = /<!-- example: whole -->\n```yaml\n([\s\S]*?)\n```/.exec(page) ?? []
  const config = {
    version: 1,
    gateways: { ony: { dialect: 'onysoft' } },
    keys: { shop: { gateway: 'ony', secret: { env: 'KEY' }, currency: 'TRY' } },
    bindings: [{ team: 'acme', key: 'shop' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    limits: { prices: './prices.yaml' },
  }
  const env = { KEY: `sk-ony-${'0'.repeat(48)}`, SESSION: 's'.repeat(32) }
  const readPrices = () => ({ raw: parse(example) as unknown, problems: [] })
  const { checked, problems } = checkConfig(config, { env, directory: '/', readPrices })
  expect(problems).toEqual([])
  return checked?.prices as PriceFile
}

describe('the page about prices', () => {
  test.each<[amount: string, reckon: (prices: Prices, call: PricedCall) => number | undefined, call: Partial<PricedCall>]>([
    [
      '0.015 credits',
      (prices, call) => prices.mostOf(call, 'credits', { input: 1000, output: 500, images: 0, seconds: 0 }),
      { gateway: 'joy', model: 'openai/gpt-4o' },
    ],
    [
      '0.00138 credits',
      (prices, call) => prices.costOf(call, 'credits', { input: 900, output: 120 }),
      { gateway: 'joy', model: 'openai/gpt-4o', tier: 'economy' },
    ],
    [
      '0.0055 USD',
      (prices, call) => prices.costOf(call, 'USD', { input: 1200, cached: 400, output: 300 }),
      { gateway: 'open', model: 'openai/gpt-4o' },
    ],
    ['2 USD', (prices, call) => prices.mostOf(call, 'USD', undefined), { gateway: 'open', model: 'openai/gpt-4o' }],
    [
      '0.01134 TRY',
      (prices, call) => prices.costOf(call, 'TRY', { input: 1000, output: 200 }),
      { gateway: 'ony', key: 'none', model: 'openai/gpt-4o-mini' },
    ],
    [
      '0.01701 TRY',
      (prices, call) => prices.costOf(call, 'TRY', { input: 1000, output: 200 }),
      { gateway: 'ony', key: 'shop', model: 'openai/gpt-4o-mini' },
    ],
    [
      '0.014742 TRY',
      (prices, call) => prices.costOf(call, 'TRY', { input: 1000, output: 200 }),
      { gateway: 'ony', key: 'partner', model: 'openai/gpt-4o-mini' },
    ],
    ['5.1 TRY', (prices, call) => prices.costOf(call, 'TRY', { images: 2 }), { gateway: 'ony', key: 'shop', model: 'flux' }],
  ])('reckons as Postern does where it says %s', (amount, reckon, call) => {
    expect(page.replaceAll('\n', ' ')).toContain(amount)
    const cost = reckon(compilePrices(readExample()), { key: 'none', gateway: 'joy', model: undefined, ...call })
    expect(writeAmount(cost as number)).toBe(amount.split(' ')[0])
  })

  test('has every member of the file in its table', () => {
    const members = [
      ...readFileSync(resolve(import.meta.dirname, '../../docs/settings.md'), 'utf8').matchAll(
        /^\| `limits\.prices\.(?:prices\[\]\.)?(\w+)/gm,
      ),
    ]
    const named = new Set(members.map((match) => match[1] as string))
    expect(named.size).toBeGreaterThan(10)
    expect([...named].filter((name) => !new RegExp(`^\\|[^|]*\`${name}\``, 'm').test(page))).toEqual([])
  })
})
