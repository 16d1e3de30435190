import {
  type Budget,
  type Budgets,
  type CallNote,
  type Counted,
  keptAfterMs,
  type KeptCount,
  maxNoteBytes,
  type Reserved,
  windowAt,
} from '@postern/ports'
import { digestKey } from '../digest-key.js'
import { abandonScript, dropNotesScript, extendScript, lookScript, reserveScript, settleScript, takeNotesScript } from './budget-scripts.js'
import type { SendCommand } from './connection.js'
import { createGuard } from './guard.js'
import { createRecovery } from './recovery.js'
import { readDone, readTexts } from './replies.js'
import { readForgets } from './window-times.js'

/** How often a call is tried whose windows were not those of the store's clock. The second try uses that clock. */
const mostTries = 3

/** Stands for a window without an end. */
const endless = '-1'

export function createBudgets(send: SendCommand, prefix: string): Budgets {
  const [heldPrefix, windowPrefix] = [`${prefix}held:`, `${prefix}window:`]
  const guard = createGuard(send, prefix)
  const { ask } = guard
  const [leases, booked, notes, left] = [`${prefix}leases`, `${prefix}booked`, `${prefix}notes`, `${prefix}left`]
  /** The store's clock minus that of this process, in milliseconds. */
  let aheadMs = 0

  const keyOf = ({ id, per }: Budget): WindowKey => {
    const { startMs, endMs } = windowAt(per, Date.now() + aheadMs)
    const ends = endMs === Infinity ? endless : String(endMs)
    const window = digestKey(`${startMs} ${id}`)
    return { window, key: windowPrefix + window, starts: String(startMs), ends }
  }

  /** Makes the command again if the store's clock says another window. */
  async function inPresent(
    script: string,
    of: () => readonly [keys: readonly string[], args: readonly string[]],
  ): Promise<readonly string[]> {
    for (let tries = 1; ; tries += 1) {
      const reply = readTexts(await ask(script, ...of()))
      if (reply[0] !== 'clock') return reply
      aheadMs = Number(reply[1]) - Date.now()
      if (tries === mostTries) throw new Error('Redis cannot be used: its clock does not stay in one window.')
    }
  }

  return {
    scope: 'shared',
    recovery: createRecovery(send, prefix, guard),
    async reserve(id, claims, leaseMs, _owner, note): Promise<Reserved> {
      const text = checkedNote(note)
      let found: readonly WindowKey[] = []
      const [now, verdict, place, ...states] = await inPresent(reserveScript, () => {
        found = claims.map(({ budget }) => keyOf(budget))
        const keys = [heldPrefix + id, leases, notes, ...found.map(({ key }) => key)]
        const of = claims.flatMap(({ budget, amount }, index) => {
          const { starts, ends } = found[index] as WindowKey
          return [String(budget.limit), checked(amount), starts, ends, forgetOf(budget), onlyHeld(budget)]
        })
        return [keys, [id, String(Math.ceil(leaseMs)), text, ...of]]
      })
      const counted = readStates(states, Number(now))
      if (verdict === 'granted') {
        const kept = claims.map(({ budget, amount }, index) => keptAs(budget, amount, found[index] as WindowKey, Number(now)))
        return { granted: true, counted: counted.map((state, index) => ({ ...state, kept: kept[index] })) }
      }
      return { granted: false, refusedBy: Number(place), counted }
    },
    async extend(ids, leaseMs) {
      if (ids.length === 0) return
      readDone(await ask(extendScript, [leases, left], [String(Math.ceil(leaseMs)), ...ids]))
    },
    async settle(id, spent, note) {
      const lease = String(Math.ceil(note?.leaseMs ?? 0))
      const keys = [heldPrefix + id, leases, booked, notes, left]
      const reply = readTexts(await ask(settleScript, keys, [id, checkedNote(note?.text), lease, ...spent.map(checked)]))
      const [now, ...states] = reply
      return now === undefined ? undefined : readStates(states, Number(now))
    },
    async look(budgets) {
      if (budgets.length === 0) return []
      const [now, ...states] = await inPresent(lookScript, () => {
        const found = budgets.map(keyOf)
        return [found.map(({ key }) => key), found.flatMap(({ starts, ends }, index) => [starts, ends, onlyHeld(budgets[index] as Budget)])]
      })
      return readStates(states, Number(now))
    },
    async bookAbandoned(most) {
      return readTexts(await ask(abandonScript, [leases, booked, notes, left], [heldPrefix, String(most)]))
    },
    async takeNotes(most, leaseMs) {
      const of = [String(most), String(Math.ceil(leaseMs)), heldPrefix, windowPrefix]
      return readNotes(readTexts(await send(['EVAL', takeNotesScript, '2', notes, left, ...of])))
    },
    async dropNotes(dropped) {
      if (dropped.length === 0) return
      readDone(
        await send(['EVAL', dropNotesScript, '2', notes, left, ...dropped.map(({ id, isSettled }) => (isSettled ? 's:' : 'a:') + id)]),
      )
    },
  }
}

/** A window of a budget: its name, its key in Redis, and when it begins and ends. */
interface WindowKey {
  readonly window: string
  readonly key: string
  readonly starts: string
  readonly ends: string
}

/** What was set aside, as it can be counted anew. */
function keptAs({ per, forgottenAfterMs }: Budget, amount: number, { window, ends }: WindowKey, nowMs: number): KeptCount {
  if (per !== undefined) return { window, amount, endsMs: Number(ends), forgetsMs: Number(ends) + keptAfterMs[per] }
  return { window, amount, endsMs: undefined, forgetsMs: forgottenAfterMs === undefined ? undefined : Math.ceil(nowMs + forgottenAfterMs) }
}

/** When the script lets go of a window: see {@link reserveScript}. */
function forgetOf({ per, forgottenAfterMs }: Budget): string {
  if (per !== undefined) return String(keptAfterMs[per])
  return forgottenAfterMs === undefined ? '-2' : String(Math.ceil(forgottenAfterMs))
}

function onlyHeld(budget: Budget): string {
  return budget.onlyHeld === true ? '1' : '0'
}

/** The empty text stands for none. */
function checkedNote(note = ''): string {
  if (Buffer.byteLength(note) > maxNoteBytes) throw new RangeError('A note is too long.')
  return note
}

/** @param reply A member of the notes that are left, its text and the parts of its reservation in turn. */
function readNotes(reply: readonly string[]): readonly CallNote[] {
  const found: CallNote[] = []
  for (let index = 0; index + 2 < reply.length; index += 3) {
    const [member, text, parts] = reply.slice(index, index + 3) as [string, string, string]
    const counted = (JSON.parse(parts) as [string, string, string, string][]).map(
      ([window, amount, ends, forgets]): KeptCount => ({
        window,
        amount: Number(amount),
        endsMs: ends === endless ? undefined : Number(ends),
        forgetsMs: readForgets(forgets),
      }),
    )
    found.push({ id: member.slice(2), isSettled: member.startsWith('s:'), text, ...(counted.length === 0 ? {} : { counted }) })
  }
  return found
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
