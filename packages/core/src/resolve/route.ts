import type { AddressLimit, Dialect, Endpoint, EndpointTable } from '@postern/gateways'
import type { Proxy, Secret } from '@postern/ports'
import type { ObjectHandle } from '../objects/object-handle.js'
import type { Sealing } from '../objects/sealing.js'

/** One gateway of the configuration: a dialect at a fixed address. */
export interface Gateway {
  readonly name: string
  readonly dialect: Dialect
  /** The endpoints that the dialect lists and those that the operator opened. */
  readonly endpoints: EndpointTable
  /** Scheme, host and port; fixed at compile and never taken from a request. */
  readonly origin: string
  /** The proxy that leads to the gateway; `undefined`: a direct connection. */
  readonly proxy: Proxy | undefined
  /** Prefix of an endpoint's path, such as `/openai/v1`, without a slash at the end. */
  readonly basePath: string
  /**
   * Prefix of endpoints outside the API path: `basePath` without the path of the dialect's default base URL. `undefined` if
   * `basePath` does not end in that path; then those endpoints are 404.
   */
  readonly rootPath: string | undefined
  /** Attempts at one request, the first one included. */
  readonly attempts: number
  /** How often the gateway accepts calls from this address, and how long a call queues here; `undefined`: no limit. */
  readonly addressLimit: (AddressLimit & { readonly longestWaitMs: number }) | undefined
  /** `optional`: a chat stream may end without `[DONE]`, if each of its choices has a `finish_reason`. */
  readonly endMark: 'optional' | 'required'
  /** Whether Postern asks for the token counts of a chat stream if the client did not. */
  readonly asksForUsage: boolean
  readonly timeouts: GatewayTimeouts
  /** Names of request headers that are passed on in addition to the default ones. */
  readonly passHeaders: readonly string[]
}

/** How long Postern waits for a gateway, or for the client that reads its answer, in milliseconds. */
export interface GatewayTimeouts {
  /** For a connection. Default 5 s. */
  readonly connectMs: number
  /** For the head of the answer. Default 10 min, as in the official clients, since reasoning models answer late. */
  readonly headersMs: number
  /** For the next byte of a body or stream. Default 10 min. */
  readonly idleMs: number
  /** For the first event or byte; then the head of the answer is sent without it. Default 250 ms. */
  readonly firstEventMs: number
  /** For the end of a JSON answer; then the part that is there is sent, and the rest as it arrives. Default 10 s. */
  readonly holdMs: number
  /** For a client that reads nothing of its answer: the smaller of `idleMs` and 2 min. */
  readonly unreadMs: number
}

/** Is told when a call begins and ends that sends a key which may change while the process runs. */
export interface KeyUse {
  begin(): void
  end(): void
}

/** The right to use one gateway key. Rooms pass the lease on and name it by its alias; only `forward` reveals its secrets. */
export interface KeyLease {
  readonly alias: string
  readonly gateway: Gateway
  readonly secret: Secret
  /** Mintoken's second key. */
  readonly providerSecret?: Secret | undefined
  /**
   * Says that the gateway refuses the secret of this lease, and gives a lease of the same key with another one; `undefined`: there is none
   * to try. Default: the key has one secret.
   */
  readonly instead?: (() => KeyLease | undefined) | undefined
  /** Of a key that a source gives: how long answers are searched for it depends on the calls that use it. */
  readonly use?: KeyUse | undefined
  /** What ids of stored objects are sealed with: the first seals, each opens. Default: the secret alone. */
  readonly sealing?: readonly Sealing[] | undefined
  /** Free AI's project. */
  readonly project?: string | undefined
  /** The unit in which the account is debited; it replaces the unit of reported costs. `undefined`: as reported. */
  readonly currency?: string | undefined
  /**
   * Whether callers may use stored objects that belong to the account: one tenant alone uses the account, or the operator wrote
   * `shared: true`. Otherwise one tenant could read what another stored.
   */
  readonly mayStore: boolean
}

/** The gateway, key and endpoint of a request. */
export interface Route {
  readonly gateway: Gateway
  readonly key: KeyLease
  /** The binding that chose the key, for people: `team=acme`. */
  readonly binding: string
  /** Path below the base URL, without a leading slash: `chat/completions`. */
  readonly endpointPath: string
  /** Path at the gateway's origin: `/openai/v1/chat/completions`. */
  readonly upstreamPath: string
  readonly endpoint: Endpoint
  /** The model in the path, if the endpoint takes it there. */
  readonly modelInPath: string | undefined
  /**
   * Who shares the queue of a gateway with `addressLimit`: the team, else the project, else the user, else the credential.
   * Empty without `addressLimit`.
   */
  readonly tenant: string
  /** The stored object that the request creates or names; `undefined` if it is none that belongs to callers. */
  readonly object: ObjectHandle | undefined
}
