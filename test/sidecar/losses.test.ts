import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LossyWorld, openLossyWorld } from '../support/lossy-world.js'
import { type Loss, lossesOfServers, playLoss } from '../support/play-loss.js'

/** Longer than a loss takes on a machine that does much else, in milliseconds; `npm run load -- losses` asks for five seconds. */
const patientMs = 60_000

const full = { lose: (world: LossyWorld) => world.fillDisk(true), restore: (world: LossyWorld) => world.fillDisk(false) }
const lossesOfDisk: readonly (readonly [what: string, loss: Loss])[] = [
  [
    'the disk of the store, full',
    { part: 'store', metric: 'postern_store_up', lines: ['store_unavailable', 'store_available_again'], ...full },
  ],
  [
    'the disk of the ledger, full',
    { part: 'ledger', metric: 'postern_ledger_up', lines: ['ledger_unavailable', 'ledger_available_again'], ...full },
  ],
]

let world: LossyWorld
beforeAll(async () => {
  const limits = { rules: [{ each: 'team', per: 'day', requests: 1_000_000 }] }
  world = await openLossyWorld({ config: { store: { sqlite: './store.db' }, ledger: {}, limits }, perSecond: 3, hasOthers: true })
}, patientMs)
afterAll(() => world.close())

/** The other losses are those of `npm run load -- losses`. */
const short: readonly string[] = ['gateway, hanging', 'backend, hanging', 'issuer, killed', 'cookies, hanging']

describe('what is lost is told by metric, log and admin listener, takes no process out of service, and is told to be back', () => {
  test.each([...lossesOfServers.filter(([what]) => short.includes(what)), ...lossesOfDisk])(
    '%s',
    { timeout: patientMs },
    async (_, loss) => {
      const { lost, back } = await playLoss(world, loss)
      expect([lost.ready, back.ready]).toEqual([200, 200])
      expect(lost.console).toMatch(/ECONNREFUSED|did not answer|timeout|disk I\/O error/)
    },
  )
})
