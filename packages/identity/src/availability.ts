import type { Witness } from '@postern/ports'

/** Whether somebody who knows the callers can be asked. */
export interface Availability {
  /** It answered, or is asked no more. */
  answered(): void
  failed(error: unknown): void
}

/** Tells the witness when an issuer stops answering and when it answers again, and not of each request. */
export function watchIssuer(issuer: string, witness: Witness): Availability {
  let lostAt: number | undefined
  return {
    answered() {
      if (lostAt === undefined) return
      witness({ type: 'issuer_back', issuer, afterMs: Math.round(performance.now() - lostAt) })
      lostAt = undefined
    },
    failed(error) {
      if (lostAt !== undefined) return
      lostAt = performance.now()
      witness({ type: 'issuer_lost', issuer, reason: error instanceof Error ? error.message : String(error) })
    },
  }
}
