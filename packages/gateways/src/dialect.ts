import type { ErrorCode, GovernanceUsage } from '@postern/protocol'
import type { AnswerFormat, UsagePlaces } from './answer-format.js'
import type { Pointer } from './pointer.js'

/** One header that carries a secret: `prefix` and then the secret. */
export interface CredentialForm {
  readonly header: string
  readonly prefix: string
}

/** An endpoint that the gateway documents. Paths that are not listed are forwarded as `plain`. */
export interface Endpoint {
  readonly methods: readonly string[]
  readonly format: AnswerFormat
}

/** When a gateway's error means what. Every field given must hold. */
export interface ErrorRule {
  readonly status?: number
  /** The error's `type` or `code`, whichever holds it. */
  readonly name?: string
  readonly message?: RegExp
  readonly means: ErrorCode
}

/** Where a gateway's answers say what the governance record wants to know. */
export interface GovernancePlaces {
  /** Beginnings of the header names that clients may read; they are passed on as they came. */
  readonly passedHeaders: readonly string[]
  readonly headers: {
    readonly model?: string
    readonly provider?: string
    /** Present with anything but `false`: the gateway moved to another provider. */
    readonly failover?: readonly string[]
    /** Attempts that the gateway itself made; more than one is a failover. */
    readonly attempts?: string
  }
  readonly body: {
    readonly model?: readonly Pointer[]
    readonly provider?: readonly Pointer[]
    readonly attempts?: readonly Pointer[]
    readonly tier?: readonly Pointer[]
    readonly cost?: { readonly amount: Pointer; readonly unit: Pointer } | { readonly amount: Pointer; readonly fixedUnit: string }
    /** Token counts beside `usage`, for answers that have none. */
    readonly usage?: UsagePlaces & { readonly source: GovernanceUsage['source'] }
  }
  /** Top-level members of stream records that are worth parsing for the places above, besides `usage` and `error`. */
  readonly recordMembers: readonly string[]
}

/**
 * One gateway's way of speaking: a record that the interpreter reads. Shared code never asks for a
 * gateway's name, so a new gateway is one more record.
 */
export interface Dialect {
  readonly id: string
  /** The gateway's name for people. */
  readonly title: string
  /** Where its API is documented. */
  readonly documentation: string
  /** Default base URL; `undefined` where the operator must say it. */
  readonly baseURL: string | undefined
  /** The one form of credential that is sent. */
  readonly credential: CredentialForm
  /** A second secret of the same account, where one is mandatory. */
  readonly providerCredential?: CredentialForm
  /** A mandatory project id that belongs to the key and is never the client's to say. */
  readonly project?: { readonly header: string; readonly pattern: RegExp }
  /** Request headers, beyond the common ones, that a client must not set; a trailing `*` stands for any ending. */
  readonly stripRequestHeaders: readonly string[]
  /** Paths below the base URL, without a leading slash. */
  readonly endpoints: Readonly<Record<string, Endpoint>>
  /** First path segments that belong to the gateway's operator or account holder, never to a caller. */
  readonly operatorPaths: readonly string[]
  /** The chunks of its chat streams have neither `index` nor role nor finish reason, which clients need. */
  readonly bareChunks?: boolean
  readonly governance: GovernancePlaces
  readonly errors: {
    readonly message: readonly Pointer[]
    readonly code: readonly Pointer[]
    readonly type: readonly Pointer[]
    /** Checked in order before the rules that all gateways share. */
    readonly rules: readonly ErrorRule[]
  }
  /** How its keys look, for warnings and redaction; never a gate, since the documents leave room. */
  readonly keyPattern: RegExp | undefined
  /** The environment variable that its documents use for the key. */
  readonly keyVariable: string
}
