/** The state of a gateway key. Calls with any state but `active` are refused as the gateway documents it. */
export type EmulatedKeyState = 'active' | 'revoked' | 'expired' | 'out-of-credit' | 'spend-limited'

/**
 * A gateway key that the emulator knows. Every request looks it up anew, so a change of `state`, or a key that is
 * added to the list, takes effect at once, as when a key is revoked in a gateway's console.
 */
export interface EmulatedKey {
  secret: string
  /** Mintoken only: the provider key that must accompany it. If absent, any provider key is accepted. */
  providerSecret?: string
  /** Default `active`. */
  state?: EmulatedKeyState
}
