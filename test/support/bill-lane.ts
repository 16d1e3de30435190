/**
 * A process that plays random schedules, one after the other: takes the places of the stores as its argument, and by message which schedule
 * it plays; answers each with what it showed. A process of its own, since a schedule sets the clock of its process.
 */

import { type BillPlaces, type BillStore, createStoreOpener } from './bill-stores.js'
import { type BillOfSchedule, playBill } from './random-bill.js'

/** Which schedule a lane plays. */
export interface AskedSchedule {
  readonly seed: number
  readonly store: BillStore
}

/** What a schedule showed, or why it could not be played to its end. */
export type PlayedSchedule = AskedSchedule & ({ readonly result: BillOfSchedule } | { readonly failure: string })

const stores = createStoreOpener(JSON.parse(process.argv[2] as string) as BillPlaces)

async function play(asked: AskedSchedule): Promise<PlayedSchedule> {
  try {
    const { store, hasOurClock, clear } = await stores.open(asked.store)
    const result = await playBill(asked.seed, store, { hasOurClock })
    await clear()
    return { ...asked, result }
  } catch (error) {
    return { ...asked, failure: String(error instanceof Error ? error.stack : error) }
  }
}

process.on('message', (asked: AskedSchedule) => void play(asked).then((played) => process.send?.(played)))
process.on('disconnect', () => void stores.close().finally(() => process.exit()))
