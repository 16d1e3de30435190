import type { RingEntry } from '@postern/ports'
import type { Principal, PrincipalFields } from '@postern/ports'
import { createRingLookup } from './ring-lookup.js'
import { refuseCredential } from './refuse-credential.js'
import { isFromAuthorization, type Verifier } from './verifier.js'

/** The principal of a service label, as the operator configured it. */
export interface ServicePrincipal extends PrincipalFields {
  readonly delegate?: boolean | undefined
}

/**
 * Makes the verifier of server-side callers, by the hash of their credential. It recognises any token, so it must come
 * after the verifiers that go by a token's form.
 */
export function createServiceVerifier(ring: readonly RingEntry[], principals: ReadonlyMap<string, ServicePrincipal>): Verifier {
  const lookup = createRingLookup(ring)
  const known = new Map<string, Principal>(
    ring.map(({ label }) => {
      const { user, team, project, delegate = false } = principals.get(label) ?? {}
      return [label, { user, team, project, delegate, via: 'service', caller: label }]
    }),
  )
  return {
    via: 'service',
    recognises: isFromAuthorization,
    verify(credential) {
      const label = lookup(credential.text)
      const principal = label === undefined ? undefined : known.get(label)
      if (principal === undefined) throw refuseCredential(credential)
      return principal
    },
  }
}
