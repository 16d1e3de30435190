import { type Principal, type PrincipalFields, Refusal, type RingEntry } from '@postern/ports'
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
  const known = new Map<RingEntry, Principal>(
    ring.map((entry) => {
      const { label, until } = entry
      const { user, team, project, delegate = false } = principals.get(label) ?? {}
      const principal = { user, team, project, service: label, delegate, via: 'service', caller: label } as const
      return [entry, until === undefined ? principal : { ...principal, former: true }]
    }),
  )
  return {
    via: 'service',
    recognises: isFromAuthorization,
    verify(credential) {
      const entry = lookup(credential.text)
      const principal = entry === undefined ? undefined : known.get(entry)
      if (entry === undefined || principal === undefined) throw refuseCredential(credential)
      if (entry.until !== undefined && Date.now() >= entry.until) throw new Refusal('caller_expired', ended)
      return principal
    },
  }
}

const ended = {
  message: 'The credential has been replaced by another one, and its time is over.',
  help: 'Use the new credential of this caller. For the operator: "postern callers rotate" printed it, and makes a further one.',
} as const
