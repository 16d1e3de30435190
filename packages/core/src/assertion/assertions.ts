import type { IncomingMessage } from 'node:http'
import { arrive, wholeTarget } from '../doors/arrive.js'
import type { CheckArrival } from '../doors/check-arrival.js'
import type { Identify } from '../identify/index.js'
import type { Principal } from '../principal.js'
import type { Runtime } from '../runtime.js'
import type { AssertionSigner } from './sign-assertion.js'

/** Tells the backend who is calling, where that is verified. */
export interface Assertions {
  /** The header that says so; whatever a client writes there, in any spelling, goes no further. */
  readonly header: string
  /** What it says of a request that was prepared; `undefined` where nobody is verified. */
  valueFor(request: IncomingMessage): string | undefined
  /** Finds out who sends a request, before it is passed on. Never rejects: who cannot be verified is nobody. */
  prepare(request: IncomingMessage): Promise<void>
  /** Whether there is anything to find out. */
  concerns(request: IncomingMessage): boolean
  /** Where the key that assertions are checked with is published, and the set of keys. */
  readonly path: string
  readonly jwks: string
}

export interface AssertionsOptions {
  readonly header: string
  readonly path: string
  readonly signer: AssertionSigner
  /** Throws where the API would refuse the request before it identifies the caller; such a request gets no assertion. */
  readonly checkArrival: CheckArrival
  /** Tokens only: whose its own cookies are, the backend knows best. */
  readonly identify: Identify
}

export function createAssertions({ header, path, signer, checkArrival, identify }: AssertionsOptions, runtime: () => Runtime): Assertions {
  const values = new WeakMap<IncomingMessage, string>()
  return {
    header,
    path,
    jwks: signer.jwks,
    concerns: ({ headers }) => headers.authorization !== undefined,
    valueFor: (request) => values.get(request),
    async prepare(request) {
      try {
        const arrival = arrive(runtime(), request, wholeTarget(request))
        checkArrival(arrival)
        const principal = await identify(arrival)
        if (!isForCallsOnly(principal)) values.set(request, await signer.sign(principal))
      } catch {
        // The backend has credentials of its own, which are nothing to us; and without an assertion nobody is let in.
      }
    },
  }
}

/** A session that is good for some calls to a gateway is not its user everywhere else. */
function isForCallsOnly({ bounds }: Principal): boolean {
  return (
    bounds !== undefined &&
    (bounds.models !== undefined || bounds.endpoints !== undefined || bounds.maxTokens !== undefined || bounds.maxCalls !== undefined)
  )
}
