import type { Ledger } from '@postern/ports'

/** A ledger that gives each entry to the log and to a ledger that answers questions. Events are for the log alone. */
export function appendToBoth(log: Ledger, kept: Ledger): Ledger {
  return {
    append(entry) {
      const room = kept.append(entry)
      const roomOfLog = log.append(entry)
      return roomOfLog === undefined || room === undefined ? (room ?? roomOfLog) : Promise.all([room, roomOfLog]).then(() => {})
    },
    event: (event) => log.event?.(event),
    flush: () => Promise.all([log.flush(), kept.flush()]).then(() => {}),
  }
}
