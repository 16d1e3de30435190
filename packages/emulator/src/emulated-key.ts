export type EmulatedKeyState = 'active' | 'revoked' | 'expired' | 'out-of-credit' | 'spend-limited'

/**
 * A gateway key the emulator knows. It is looked up anew for every request, so changing `state` (or adding a key to the list) takes
 * effect at once, as revoking a key in a gateway's console does.
 */
export interface EmulatedKey {
  secret: string
  /** Mintoken: the provider key that must accompany it. Without one, any provider key will do. */
  providerSecret?: string
  /** `active` when left out. */
  state?: EmulatedKeyState
}
