import { openDpopCaller } from './dpop-caller.js'
import { openJwtCaller } from './jwt-caller.js'
import type { Credentials } from './job.js'
import { openSessionCaller } from './session-caller.js'

/** A caller whose credentials can be made. */
export interface OpenCaller {
  /** Its part of `callers` in the configuration; nothing for the caller that every Postern of the benchmark knows. */
  readonly config: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  /**
   * What one load sends. Asked for before each, so that what is fresh with every request can be made in advance; undefined for the
   * credential that every Postern of the benchmark knows.
   */
  readonly credentials: (port: number) => Promise<Credentials | undefined>
  readonly close?: () => void
}

/** A kind of caller that is measured. */
export interface Caller {
  readonly name: string
  readonly title: string
  readonly open: () => Promise<OpenCaller>
}

/** The one that the others are held against. */
export const referenceCaller = 'service'

/** Every kind, in the order of a round. */
export const callers: readonly Caller[] = [
  {
    name: referenceCaller,
    title: 'service caller',
    open: () => Promise.resolve({ config: {}, env: {}, credentials: () => Promise.resolve(undefined) }),
  },
  { name: 'session', title: 'session token', open: openSessionCaller },
  { name: 'jwt', title: 'JWT of an identity provider', open: openJwtCaller },
  { name: 'dpop', title: 'session token and a proof (DPoP)', open: openDpopCaller },
]
