import { createRingLookup, type RingEntry } from './hash-ring.js'
import type { Principal, PrincipalFields } from '../principal.js'
import { refuseCredential } from './refuse-credential.js'
import { isToken, type Verifier } from './verifier.js'

/** Who a service label is, as the operator wrote it. */
export interface ServicePrincipal extends PrincipalFields {
  readonly delegate?: boolean | undefined
}

/** Recognises server-side callers by the hash of their credential. Takes any credential that no other verifier claims. */
export function createServiceVerifier(ring: readonly RingEntry[], principals: ReadonlyMap<string, ServicePrincipal>): Verifier {
  const lookup = createRingLookup(ring)
  const known = new Map<string, Principal>(
    ring.map(({ label }) => {
      const { user, team, project, delegate = false } = principals.get(label) ?? {}
      return [label, { user, team, project, delegate, via: 'service', caller: label }]
    }),
  )
  return {
    recognises: isToken,
    verify(credential) {
      const label = lookup(credential.text)
      const principal = label === undefined ? undefined : known.get(label)
      if (principal === undefined) throw refuseCredential(credential)
      return principal
    },
  }
}
