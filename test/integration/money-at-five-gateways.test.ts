import type { ConfigInput } from '@postern/config'
import { EMULATED_GATEWAYS, type EmulatedGateway } from '@postern/emulator'
import type { LedgerEntry } from '@postern/ports'
import { governanceComment, parseGovernance, type GovernanceRecord } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'

/** The unit in which each gateway reports what a call cost; the others report tokens alone, or nothing in streams. */
const reportedUnit: Partial<Record<EmulatedGateway, string>> = { joytoken: 'credits', onysoft: 'USD' }

/** Prices in billionths for one token. */
const [inputPrice, outputPrice] = [3_000_000, 7_000_000]

describe.each(EMULATED_GATEWAYS)('limits of tokens and money, at %s', (gateway) => {
  const unit = reportedUnit[gateway] ?? 'USD'
  const limits: ConfigInput['limits'] = {
    prices: { version: '1', prices: [{ model: '*', unit, perMillion: { input: 3000, output: 7000 }, maxOutput: 500 }] },
    rules: [
      { name: 'tokens', each: 'team', per: 'day', tokens: 1_000_000 },
      { name: 'money', each: 'team', per: 'day', spend: `100000 ${unit}` },
    ],
  }
  forEachDoor({ gateway, config: { limits } }, (house) => {
    /** What a call took from each limit. */
    const taken = async (call: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> => {
      const before = await leftOf(house())
      await call()
      const calls = house().ledger.entries.length
      await expect.poll(() => house().ledger.entries.length).toBeGreaterThanOrEqual(calls)
      const after = await leftOf(house())
      return Object.fromEntries(
        Object.entries(before).map(([name, left]) => [name, Math.round((left - (after[name] as number)) * 1e9) / 1e9]),
      )
    }
    const costOf = ({ usage, cost }: GovernanceRecord): number =>
      cost?.unit === unit ? cost.amount : ((usage?.input ?? 0) * inputPrice + (usage?.output ?? 0) * outputPrice) / 1e9

    const tokensOf = ({ usage }: GovernanceRecord): number => usage?.total ?? (usage?.input ?? 0) + (usage?.output ?? 0)

    test('a whole answer is booked as what the gateway reports, at its price where it reports tokens alone', async () => {
      let record: GovernanceRecord | undefined
      const took = await taken(async () => {
        const answer = await house().chat()
        expect(answer.status).toBe(200)
        record = parseGovernance(answer.headers.get('postern-governance'))
        await answer.arrayBuffer()
      })
      expect(record?.clamped).toEqual({ ceiling: 500 })
      expect(took['tokens']).toBe(tokensOf(record as GovernanceRecord))
      expect(took['money']).toBeCloseTo(costOf(record as GovernanceRecord), 9)
      expect(house().ledger.entries.some(({ booked }) => booked === (reportedUnit[gateway] === undefined ? 'priced' : 'reported'))).toBe(
        true,
      )
    })

    test('a stream whose client did not ask for counts is booked as well, and as all that was set aside where none come', async () => {
      let record: GovernanceRecord | undefined
      const took = await taken(async () => {
        const answer = await house().chat({ body: { stream: true, max_tokens: 100 } })
        expect(answer.status).toBe(200)
        const frame = (await answer.text()).split('\n').find((line) => line.startsWith(governanceComment))
        record = parseGovernance(frame?.slice(governanceComment.length))
      })
      expect(record?.finish).toBe('complete')
      if (record?.usage === undefined) {
        expect(took['tokens']).toBeGreaterThan(100)
        expect(took['money']).toBeGreaterThanOrEqual((100 * outputPrice) / 1e9)
      } else {
        expect(took['tokens']).toBe(tokensOf(record))
        expect(took['money']).toBeCloseTo(costOf(record), 9)
      }
    })

    /** What the ledger keeps of a call: reports, or estimates in their place. */
    const keptOf = ({ usage, cost, estimated }: LedgerEntry): Readonly<Record<string, number>> => {
      const reported = usage?.total ?? (usage?.input ?? 0) + (usage?.output ?? 0)
      const tokens = estimated?.output === undefined ? reported : (estimated.input ?? 0) + estimated.output
      return { tokens, money: (estimated?.cost ?? cost)?.amount ?? 0 }
    }
    const lastEntry = (): LedgerEntry => house().ledger.entries.findLast(({ path }) => path.endsWith('/chat/completions')) as LedgerEntry

    test('the ledger keeps what was booked: a whole answer as it was reported and priced', async () => {
      const took = await taken(async () => (await house().chat()).arrayBuffer())
      const kept = keptOf(lastEntry())
      expect(kept['tokens']).toBe(took['tokens'])
      expect(kept['money']).toBeCloseTo(took['money'] as number, 9)
      expect(lastEntry().estimated?.output).toBeUndefined()
    })

    test.each([
      ['left by its client at half', 'slow-stream', true],
      ['cut by the gateway at half', 'cut-stream', false],
      ['that fails within a 200', 'stream-error', false],
    ] as const)(
      'the ledger keeps a stream %s as what was set aside, marked, and never below what a whole one uses',
      async (_, name, leaves) => {
        const whole = await taken(async () => (await house().chat({ body: { max_tokens: 100 } })).arrayBuffer())
        const took = await taken(async () => {
          const leaving = new AbortController()
          const before = house().ledger.entries.length
          const answer = await house().chat({ body: { model: `emulate/${name}`, stream: true, max_tokens: 100 }, signal: leaving.signal })
          if (leaves) {
            await answer.body?.getReader().read()
            leaving.abort()
          } else await answer.arrayBuffer().catch(() => {})
          await expect.poll(() => house().ledger.entries.length).toBeGreaterThan(before)
          await expect.poll(async () => (await leftOf(house()))['tokens']).toBeLessThan(1_000_000)
        })
        const entry = lastEntry()
        expect(leaves ? ['client_closed'] : ['truncated', 'upstream_error']).toContain(entry.finish)
        const kept = keptOf(entry)
        expect(kept['tokens']).toBe(took['tokens'])
        expect(kept['money']).toBeCloseTo(took['money'] as number, 9)
        expect(kept['tokens']).toBeGreaterThanOrEqual(whole['tokens'] as number)
        expect([entry.booked, entry.estimated?.output]).toEqual(['assumed', 100])
      },
    )

    test('a call that the gateway refused is booked as nothing', async () => {
      const took = await taken(async () => {
        const answer = await house().chat({ body: { model: 'emulate/gateway_key_rejected', max_tokens: 100 } })
        expect(answer.status).toBe(502)
        await answer.arrayBuffer()
      })
      expect(took).toEqual({ tokens: 0, money: 0 })
    })
  })
})

async function leftOf({ origin, callers }: House): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`${origin}/ai/limits`, { headers: { authorization: `Bearer ${callers.acme}` } })
  const { limits } = (await answer.json()) as { limits: { name: string; left: number }[] }
  return Object.fromEntries(limits.map(({ name, left }) => [name, left]))
}
