import type { PeerFacts } from './arrival.js'

/** The addresses of client and sidecar as they are in front of the trusted proxies (`listen.trustedProxies`). */
export interface PublicAddress {
  /** The host that the client asked for: `app.example.com`; `undefined` if it is missing or not a valid host. */
  hostOf(request: PeerFacts): string | undefined
  /** The same with the scheme: `https://app.example.com`. */
  originOf(request: PeerFacts): string | undefined
  /** The client's address. */
  clientOf(request: PeerFacts): string
}
