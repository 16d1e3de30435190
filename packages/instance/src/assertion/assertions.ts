import type { IncomingMessage } from 'node:http'
import type { Rooms } from '@postern/core'
import type { InFlight } from '../in-flight.js'
import { arrive, type Reception, wholeTarget } from '../doors/arrive.js'
import type { CheckArrival } from '../doors/check-arrival.js'
import type { Identify, Principal } from '@postern/ports'
import type { AssertionSigner } from './sign-assertion.js'

/** Tells the backend who is calling, with a signed JWT in a request header, if the caller was verified. */
export interface Assertions {
  /** The name of that header. A client's own header of this name, in any spelling, is dropped. */
  readonly header: string
  /** The header's value for a request that was prepared; `undefined` if its caller was not verified. */
  valueFor(request: IncomingMessage): string | undefined
  /**
   * Verifies the credential of a request before the request goes to the backend. Never rejects: if verification fails, the
   * backend gets no assertion.
   */
  prepare(request: IncomingMessage): Promise<void>
  /** Whether a request has a credential to verify: it has `Authorization`. */
  hasCredential(request: IncomingMessage): boolean
  /** The path under which the key set for checking assertions is published. */
  readonly path: string
  /** That key set, as JSON (RFC 7517, 5). */
  readonly jwks: string
}

export interface AssertionsOptions {
  readonly header: string
  readonly path: string
  readonly signer: AssertionSigner
  /** Throws where the API would refuse the request before it identifies the caller; such a request gets no assertion. */
  readonly checkArrival: CheckArrival
  /** Verifies tokens only. The backend's cookies are not verified: the backend itself knows whose they are. */
  readonly identify: Identify
}

/** The part of a runtime that prepares assertions. */
export interface AssertingRuntime extends Reception {
  readonly rooms: Pick<Rooms, 'wait'>
  readonly underWay: InFlight
}

/** Shared by all runtimes: after a reload, the new runtime may write the header of a request that the old one has prepared. */
const values = new WeakMap<IncomingMessage, string>()

export function createAssertions(
  { header, path, signer, checkArrival, identify }: AssertionsOptions,
  runtime: () => AssertingRuntime,
): Assertions {
  return {
    header,
    path,
    jwks: signer.jwks,
    hasCredential: ({ headers }) => headers.authorization !== undefined,
    valueFor: (request) => values.get(request),
    async prepare(request) {
      const current = runtime()
      const { underWay, rooms } = current
      underWay.begin()
      try {
        const arrival = arrive(current, request, wholeTarget(request))
        checkArrival(arrival)
        const principal = await rooms.wait(Promise.resolve(identify(arrival)))
        if (!isForCallsOnly(principal)) values.set(request, await signer.sign(principal))
      } catch {
        // Not an error: the token may be the backend's own. Without an assertion the backend takes the request as anonymous.
      } finally {
        underWay.end()
      }
    },
  }
}

/** Whether a session is bound to models, endpoints or numbers: it may make some calls, but not act as its user elsewhere. */
function isForCallsOnly({ bounds }: Principal): boolean {
  return (
    bounds !== undefined &&
    [bounds.models, bounds.endpoints, bounds.maxTokens, bounds.maxCalls, bounds.maxSpend].some((bound) => bound !== undefined)
  )
}
