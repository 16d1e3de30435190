import { type Budget, type Budgets, type CallNote, type Counted, keptAfterMs, maxNoteBytes, type Reserved, windowAt } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import { abandonScript, dropNotesScript, extendScript, lookScript, reserveScript, settleScript, takeNotesScript } from './budget-scripts.js'
import type { SendCommand } from './connection.js'
import { readDone, readTexts } from './replies.js'

/** How often a call is tried whose windows were not those of the store's clock. The second try uses that clock. */
const mostTries = 3

/** Stands for a window without an end. */
const endless = '-1'

export function createBudgets(send: SendCommand, prefix: string): Budgets {
  const heldPrefix = `${prefix}held:`
  const [leases, booked, notes, left] = [`${prefix}leases`, `${prefix}booked`, `${prefix}notes`, `${prefix}left`]
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
    async reserve(id, claims, leaseMs, _owner, note): Promise<Reserved> {
      const text = checkedNote(note)
      const [now, verdict, place, ...states] = await inPresent(() => {
        const found = claims.map(({ budget }) => keyOf(budget))
        const keys = [heldPrefix + id, leases, notes, ...found.map(({ key }) => key)]
        const of = claims.flatMap(({ budget, amount }, index) => {
          const { starts, ends } = found[index] as ReturnType<typeof keyOf>
          return [String(budget.limit), checked(amount), starts, ends, forgetOf(budget), onlyHeld(budget)]
        })
        return ['EVAL', reserveScript, String(keys.length), ...keys, id, String(Math.ceil(leaseMs)), text, ...of]
      })
      const counted = readStates(states, Number(now))
      if (verdict === 'granted') return { granted: true, counted }
      return { granted: false, refusedBy: Number(place), counted }
    },
    async extend(ids, leaseMs) {
      if (ids.length === 0) return
      readDone(await send(['EVAL', extendScript, '2', leases, left, String(Math.ceil(leaseMs)), ...ids]))
    },
    async settle(id, spent, note) {
      const lease = String(Math.ceil(note?.leaseMs ?? 0))
      const keys = [heldPrefix + id, leases, booked, notes, left]
      const reply = readTexts(await send(['EVAL', settleScript, '5', ...keys, id, checkedNote(note?.text), lease, ...spent.map(checked)]))
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
          ...found.flatMap(({ starts, ends }, index) => [starts, ends, onlyHeld(budgets[index] as Budget)]),
        ]
      })
      return readStates(states, Number(now))
    },
    async bookAbandoned(most) {
      return readTexts(await send(['EVAL', abandonScript, '4', leases, booked, notes, left, heldPrefix, String(most)]))
    },
    async takeNotes(most, leaseMs) {
      const reply = readTexts(await send(['EVAL', takeNotesScript, '2', notes, left, String(most), String(Math.ceil(leaseMs))]))
      return readNotes(reply)
    },
    async dropNotes(dropped) {
      if (dropped.length === 0) return
      readDone(
        await send(['EVAL', dropNotesScript, '2', notes, left, ...dropped.map(({ id, isSettled }) => (isSettled ? 's:' : 'a:') + id)]),
      )
    },
  }
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

/** @param reply A member of the notes that are left and its text in turn. */
function readNotes(reply: readonly string[]): readonly CallNote[] {
  const found: CallNote[] = []
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const [member, text] = reply.slice(index, index + 2) as [string, string]
    found.push({ id: member.slice(2), isSettled: member.startsWith('s:'), text })
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
