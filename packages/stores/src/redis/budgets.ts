import { type Budget, type Budgets, type Counted, keptAfterMs, type Reserved, windowAt } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import { abandonScript, extendScript, lookScript, reserveScript, settleScript } from './budget-scripts.js'
import type { SendCommand } from './connection.js'
import { readDone, readTexts } from './replies.js'

/** How often a call is tried whose windows were not those of the store's clock. The second try uses that clock. */
const mostTries = 3

/** Stands for a window without an end. */
const endless = '-1'

export function createBudgets(send: SendCommand, prefix: string): Budgets {
  const heldPrefix = `${prefix}held:`
  const [leases, booked] = [`${prefix}leases`, `${prefix}booked`]
  /** The store's clock minus that of this process, in milliseconds. */
  let aheadMs = 0

  const keyOf = ({ id, per }: Budget): { readonly key: string; readonly starts: string; readonly ends: string } => {
    const { startMs, endMs } = windowAt(per, Date.now() + aheadMs)
    const ends = endMs === Infinity ? endless : String(endMs)
    return { key: `${prefix}window:${digestKey(`${startMs} ${id}`)}`, starts: String(startMs), ends }
  }

  /** Makes the command again if the store's clock says another window. */
  async function inPresent(commandOf: () => readonly string[]): Promise<readonly string[]> {
    for (let tries = 1; ; tries += 1) {
      const reply = readTexts(await send(commandOf()))
      if (reply[0] !== 'clock') return reply
      aheadMs = Number(reply[1]) - Date.now()
      if (tries === mostTries) throw new Error('Redis cannot be used: its clock does not stay in one window.')
    }
  }

  return {
    scope: 'shared',
    async reserve(id, claims, leaseMs): Promise<Reserved> {
      const [now, verdict, place, ...states] = await inPresent(() => {
        const found = claims.map(({ budget }) => keyOf(budget))
        const keys = [heldPrefix + id, leases, ...found.map(({ key }) => key)]
        const of = claims.flatMap(({ budget, amount }, index) => {
          const { starts, ends } = found[index] as ReturnType<typeof keyOf>
          return [String(budget.limit), checked(amount), starts, ends, forgetOf(budget)]
        })
        return ['EVAL', reserveScript, String(keys.length), ...keys, id, String(Math.ceil(leaseMs)), ...of]
      })
      const counted = readStates(states, Number(now))
      if (verdict === 'granted') return { granted: true, counted }
      return { granted: false, refusedBy: Number(place), counted }
    },
    async extend(ids, leaseMs) {
      if (ids.length === 0) return
      readDone(await send(['EVAL', extendScript, '1', leases, String(Math.ceil(leaseMs)), ...ids]))
    },
    async settle(id, spent) {
      const reply = readTexts(await send(['EVAL', settleScript, '3', heldPrefix + id, leases, booked, id, ...spent.map(checked)]))
      const [now, ...states] = reply
      return now === undefined ? undefined : readStates(states, Number(now))
    },
    async look(budgets) {
      if (budgets.length === 0) return []
      const [now, ...states] = await inPresent(() => {
        const found = budgets.map(keyOf)
        return [
          'EVAL',
          lookScript,
          String(found.length),
          ...found.map(({ key }) => key),
          ...found.flatMap(({ starts, ends }) => [starts, ends]),
        ]
      })
      return readStates(states, Number(now))
    },
    async bookAbandoned(most) {
      return readTexts(await send(['EVAL', abandonScript, '2', leases, booked, heldPrefix, String(most)]))
    },
  }
}

/** When the script lets go of a window: see {@link reserveScript}. */
function forgetOf({ per, forgottenAfterMs }: Budget): string {
  if (per !== undefined) return String(keptAfterMs[per])
  return forgottenAfterMs === undefined ? '-2' : String(Math.ceil(forgottenAfterMs))
}

function checked(amount: number): string {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('An amount is a whole number, 0 or more.')
  return String(amount)
}

/** @param states Booked, held and end of each window in turn. */
function readStates(states: readonly string[], nowMs: number): readonly Counted[] {
  const counted: Counted[] = []
  for (let index = 0; index + 2 < states.length; index += 3) {
    const [booked, held, ends] = states.slice(index, index + 3).map(Number) as [number, number, number]
    counted.push({ booked, held, endsInMs: ends === -1 ? undefined : Math.max(0, ends - nowMs) })
  }
  return counted
}
