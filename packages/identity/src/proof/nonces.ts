import { createHmac } from 'node:crypto'
import type { Secret } from '@postern/ports'

/** How long a nonce is the current one, in milliseconds; the one before it is still taken. */
const nonceMs = 300_000

/** The nonces that proofs must carry, so that a proof cannot be made in advance (RFC 9449, 8). */
export interface Nonces {
  /** The current nonce, for the header `DPoP-Nonce`. */
  current(): string
  /** Whether a nonce is the current or the previous one. */
  isFresh(nonce: string): boolean
}

/**
 * Makes nonces from the time and secrets that all replicas share, so that all have the same ones without a store.
 *
 * @param secrets The first makes the nonces; those that another one made are fresh too.
 */
export function createNonces(secrets: readonly Secret[]): Nonces {
  const nonceOf = (secret: Secret, period: number): string =>
    createHmac('sha256', secret.reveal()).update(`dpop-nonce:${period}`).digest('base64url')
  const period = (): number => Math.floor(Date.now() / nonceMs)
  let known: { readonly period: number; readonly nonces: readonly string[] } = { period: -1, nonces: [] }

  function nonces(): readonly string[] {
    const now = period()
    if (known.period !== now) known = { period: now, nonces: secrets.flatMap((secret) => [nonceOf(secret, now), nonceOf(secret, now - 1)]) }
    return known.nonces
  }

  return {
    current: () => nonces()[0] as string,
    // Nonces are public, so the comparison need not be constant-time.
    isFresh: (nonce) => nonces().includes(nonce),
  }
}
