import type { AddressLimit, Dialect, Endpoint, EndpointTable } from '@postern/gateways'
import type { Proxy } from '../config/proxies.js'
import type { Secret } from '../secret.js'
import type { TaskHandle } from './task-seal.js'

/** One gateway of the configuration: a dialect at a fixed address. */
export interface Gateway {
  readonly name: string
  readonly dialect: Dialect
  /** What may be asked there: what the dialect lists, and what the operator opened. */
  readonly endpoints: EndpointTable
  /** Scheme, host and port; fixed at compile and never taken from a request. */
  readonly origin: string
  /** What leads there; `undefined`: the network itself. */
  readonly proxy: Proxy | undefined
  /** What stands before an endpoint's path, such as `/openai/v1`, without a slash at the end. */
  readonly basePath: string
  /** What stands before paths that lie beside the base URL: the base path without what the dialect's end in. `undefined` where it ends otherwise: then the key goes nowhere beside it. */
  readonly rootPath: string | undefined
  /** Attempts at one request, the first one included. */
  readonly attempts: number
  /** How often it lets this address call, and how long a call waits for its turn; `undefined`: as often as it likes. */
  readonly addressLimit: (AddressLimit & { readonly longestWaitMs: number }) | undefined
  /** Whether a stream of chunks may end without `[DONE]`, each of its choices having said why it ended. */
  readonly endMark: 'optional' | 'required'
  readonly timeouts: GatewayTimeouts
  /** Request headers that are passed on besides the usual ones. */
  readonly passHeaders: readonly string[]
}

/** How long the gateway is waited for, in milliseconds. */
export interface GatewayTimeouts {
  /** For a connection. Default 5 s. */
  readonly connectMs: number
  /** For the head of the answer. Default 10 min, as the official clients: models that think answer late. */
  readonly headersMs: number
  /** For the next byte of a body or stream. Default 10 min, likewise. */
  readonly idleMs: number
  /** For the first event or byte, before the head of the answer is passed on without it. Default 250 ms. */
  readonly firstEventMs: number
  /** For the end of a JSON answer, before what is there is passed on, and the rest as it comes. Default 10 s. */
  readonly holdMs: number
  /** For a client that reads nothing of what waits for it. */
  readonly unreadMs: number
}

/** The right to have one gateway key used. Rooms pass it on and name it by its alias; only `forward` reveals its secrets. */
export interface KeyLease {
  readonly alias: string
  readonly gateway: Gateway
  readonly secret: Secret
  /** Mintoken's second key. */
  readonly providerSecret?: Secret | undefined
  /** Free AI's project. */
  readonly project?: string | undefined
  /**
   * Whether its callers may use what is stored at the provider: one binding alone leads to the account, or the operator
   * lets several share. Otherwise what one of them stored, another would read.
   */
  readonly mayStore: boolean
}

/** Where a request goes, with which key, and why. */
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
  /** The model that the path names, where the endpoint has it there. */
  readonly modelInPath: string | undefined
  /** Whose turn it is where calls have to wait for each other, else empty: the team, else the project, else the user, else the credential. */
  readonly tenant: string
  /** The caller's hold on a task, where the endpoint begins one or asks after one. */
  readonly task: TaskHandle | undefined
}
