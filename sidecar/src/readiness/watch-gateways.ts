import { askForLife, type Gateway, LifeWatch } from '@postern/core'
import type { ErrorCode } from '@postern/protocol'
import type { LedgerEntry, Witness } from '@postern/ports'

/** Notices which gateways do not answer. */
export interface WatchedGateways {
  /** Give it every event. */
  readonly witness: Witness
  /** Asks no gateway any more. */
  close(): void
}

/** How a call ends whose gateway may be lost. */
const doubtful: ReadonlySet<string> = new Set<ErrorCode>(['gateway_unavailable', 'gateway_timeout', 'gateway_failed'])

/**
 * Watches the gateways that calls are sent to, and tells the witness which do not answer, and which answer again. A gateway that answers is
 * not asked; see {@link LifeWatch}. One that counts calls by address is asked only after a call has failed, since it may count the question.
 *
 * @param find The gateway of a name in the configuration that is in use; `undefined`: there is none.
 */
export function watchGateways(find: (name: string) => Gateway | undefined, tell: Witness): WatchedGateways {
  const watched = new Map<string, LifeWatch>()

  function watchOf(name: string): LifeWatch {
    const known = watched.get(name)
    if (known !== undefined) return known
    const watch = new LifeWatch({
      ask: async (signal) => {
        const gateway = find(name)
        if (gateway !== undefined) await askForLife(gateway, signal)
      },
      lost: (reason) => tell({ type: 'gateway_lost', gateway: name, reason }),
      back: (afterMs) => tell({ type: 'gateway_back', gateway: name, afterMs }),
      asksWhenSilent: find(name)?.addressLimit === undefined,
    })
    watched.set(name, watch)
    return watch
  }

  function forgetAbsent(): void {
    for (const [name, watch] of watched) {
      if (find(name) !== undefined) continue
      watch.close()
      watched.delete(name)
    }
  }

  return {
    witness(event) {
      switch (event.type) {
        case 'call_begun':
          watchOf(event.gateway).asked()
          break
        case 'stream_begun':
          watched.get(event.gateway)?.heard()
          break
        case 'attempt_failed':
          if (doubtful.has(event.code)) watched.get(event.gateway)?.doubt()
          break
        case 'call_ended':
          if (event.course.begunAt !== 0 && event.entry.gateway !== undefined) endCall(watched.get(event.entry.gateway), event.entry)
          break
        case 'configuration_taken':
          forgetAbsent()
          break
        default:
      }
    },
    close() {
      for (const watch of watched.values()) watch.close()
    },
  }
}

function endCall(watch: LifeWatch | undefined, { code, finish }: LedgerEntry): void {
  if (finish === 'truncated') watch?.doubt()
  // Of a failed attempt it is told before.
  else if ((finish === 'complete' || finish === 'upstream_error') && (code === undefined || !doubtful.has(code))) watch?.heard()
  watch?.over()
}
