import type { Principal } from '@postern/ports'

/**
 * A number from 0 to 99 that a caller always has: by its team and user, so that nobody changes back and forth between two secrets
 * (FNV-1a, 32 bits).
 */
export function placeOf({ team = '', user, caller }: Pick<Principal, 'team' | 'user' | 'caller'>): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`${team}\n${user ?? caller}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash % 100
}
