import { LifeWatch } from '@postern/core'
import type { Witness } from '@postern/ports'

/** Whether somebody who knows the callers can be asked. */
export interface Availability {
  answered(): void
  /** @param error Why nobody answered, or what is wrong with the answer. */
  failed(error: unknown): void
  /** It is asked no more. */
  close(): void
}

/** How an issuer is asked for a sign of life. */
export interface IssuerProbe {
  /** Rejects if there is no answer before the signal is aborted. */
  readonly ask: (signal: AbortSignal) => Promise<unknown>
  /** How often it is asked although nobody has lost it, in milliseconds. Default: never. */
  readonly everyMs?: number | undefined
}

/**
 * Tells the witness when an issuer stops answering and when it answers again, and not of each request. While nobody answers, the issuer is
 * asked each second, so that it is known to be back before a caller needs it. One that gives answers which cannot be used is left alone: a
 * sign of life would not show that its answers can be used again.
 */
export function watchIssuer(issuer: string, witness: Witness, { ask, everyMs }: IssuerProbe): Availability {
  const watch = new LifeWatch({
    ask,
    lost: (reason) => witness({ type: 'issuer_lost', issuer, reason }),
    back: (afterMs) => witness({ type: 'issuer_back', issuer, afterMs }),
  })
  const asking = everyMs === undefined ? undefined : setInterval(() => watch.doubt(), everyMs).unref()
  return {
    answered: () => watch.heard(),
    failed: (error) => watch.failed(error instanceof Error ? error.message : String(error), isOfWire(error)),
    close() {
      clearInterval(asking)
      watch.close()
    },
  }
}

/** Whether no answer came: such errors have a code. */
function isOfWire(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}
