import type { ErrorCode, GovernanceUsage } from '@postern/protocol'
import type { UsagePlaces } from './answer-format.js'
import type { Endpoints } from './endpoint.js'
import type { ErrorCondition } from './error-condition.js'
import type { Pointer } from './pointer.js'
import type { RetryRules } from './retry-rules.js'

/** One header that carries a secret: `prefix` and then the secret. */
export interface CredentialForm {
  readonly header: string
  readonly prefix: string
}

/** Maps a gateway's error to a code of Postern. */
export interface ErrorRule extends ErrorCondition {
  readonly means: ErrorCode
  /** The error is about the provider's key, not about the gateway's. */
  readonly about?: 'provider key'
  /** How long to wait, according to the gateway's documents. A `Retry-After` of the answer counts instead. */
  readonly retryAfterSeconds?: number
}

/** Where a gateway's answers keep the facts of the governance record. */
export interface GovernancePlaces {
  /** Prefixes of the header names that clients may read; such headers are passed on unchanged. */
  readonly passedHeaders: readonly string[]
  readonly headers: {
    readonly requestId?: string
    readonly model?: string
    readonly provider?: string
    /** Any value but `false` means that the gateway moved to another provider. */
    readonly failover?: readonly string[]
    /** Attempts that the gateway itself made; more than one is a failover. */
    readonly attempts?: string
    /** How strongly it compressed the prompt. */
    readonly intensity?: string
    /** Its own time with the request, the provider's included, in milliseconds. */
    readonly duration?: string
    /** Tokens of the plan: used, and allowed. */
    readonly quota?: { readonly used: string; readonly limit: string }
  }
  readonly body: {
    readonly requestId?: readonly Pointer[]
    readonly model?: readonly Pointer[]
    readonly provider?: readonly Pointer[]
    readonly attempts?: readonly Pointer[]
    readonly tier?: readonly Pointer[]
    readonly cost?: { readonly amount: Pointer; readonly unit: Pointer } | { readonly amount: Pointer; readonly fixedUnit: string }
    /** Token counts for answers that have no `usage`. */
    readonly usage?: UsagePlaces & { readonly source: GovernanceUsage['source'] }
  }
  /**
   * Besides `usage` and `error`, the top-level members of stream events that hold facts; an event without them is not
   * parsed for facts.
   */
  readonly recordMembers: readonly string[]
}

/** An option that the gateway leaves to each request, and that policy decides here (`policies.choices`). */
export interface Choice {
  readonly header: string
  /** The query parameter of the same meaning. */
  readonly query?: string
  readonly values: readonly string[]
}

/** The policy's value for an option that the caller may choose. */
export const callersChoice = 'caller'

/** How often the gateway lets one address call, all callers at that address together. */
export interface AddressLimit {
  /** Calls that may come at once after a pause. */
  readonly burst: number
  readonly perMinute: number
  /** Holds for the refusal of a call that came too soon, and for no other error. */
  readonly exceeded?: ErrorCondition
}

/**
 * One gateway's form of the API, as data that shared code reads. Shared code never asks for a gateway's name, so a
 * new gateway is one more dialect.
 */
export interface Dialect {
  readonly id: string
  /** The gateway's name for people. */
  readonly title: string
  /** Where its API is documented. */
  readonly documentation: string
  /** Default base URL; `undefined` if the operator must configure it. */
  readonly baseURL: string | undefined
  /** The only form of credential that Postern sends. */
  readonly credential: CredentialForm
  /** A second, mandatory secret of the same account, and the form of that key. */
  readonly providerCredential?: CredentialForm & { readonly keyPattern?: RegExp }
  /**
   * A mandatory project id that belongs to the key. A client cannot choose it: its own is dropped, also from
   * `bodyMember`.
   */
  readonly project?: { readonly header: string; readonly pattern: RegExp; readonly bodyMember?: string }
  /**
   * Request headers that its documents define for callers, beyond the common ones, in lower case. A client's other
   * headers are dropped.
   */
  readonly requestHeaders: readonly string[]
  /** Paths below the base URL, without a leading slash. Every other path is closed, unless the operator opens it. */
  readonly endpoints: Endpoints
  /** Paths that belong to the gateway's operator or account holder, with all paths below them. Closed to callers. */
  readonly operatorPaths: readonly string[]
  /** The largest JSON body that it accepts, in bytes, if that is documented. */
  readonly maxJsonBytes?: number
  /**
   * The members that its documents name as the ceiling of a chat completion, the one that Postern writes first. Another name bounds
   * nothing at such a gateway. Default: every name that the OpenAI API has, `max_tokens` and `max_completion_tokens`.
   */
  readonly chatCeilings?: readonly [Pointer, ...Pointer[]]
  /** The chunks of its chat streams lack `index`, role and finish reason, which clients need; Postern adds them. */
  readonly bareChunks?: boolean
  /** Chat streams may end without `[DONE]`: some servers that speak this dialect leave it out. */
  readonly endMark?: 'optional'
  /** Chat streams have token counts only if the request asks for them, with `stream_options.include_usage` of the OpenAI API. */
  readonly streamUsage?: 'asked'
  /** The options that each request may choose, by their names in `policies.choices`. */
  readonly choices?: Readonly<Record<string, Choice>>
  readonly addressLimit?: AddressLimit
  /**
   * A path that is not listed is answered `not_found`, as the stored object of another caller is: such a path could read any
   * caller's object.
   */
  readonly closed?: boolean
  readonly governance: GovernancePlaces
  readonly errors: {
    readonly message: readonly Pointer[]
    readonly code: readonly Pointer[]
    readonly type: readonly Pointer[]
    /** A `code` of `null` is passed on: the OpenAI API sends it if an error has no code. */
    readonly nullCode?: true
    /** The id that its support asks for, for the log. */
    readonly reference?: readonly Pointer[]
    /** Checked in order before the rules that all gateways share. */
    readonly rules: readonly ErrorRule[]
  }
  readonly retries: RetryRules
  /**
   * The form of its keys, for warnings and redaction. Never a reason to refuse a key, since the documents leave the
   * form open.
   */
  readonly keyPattern: RegExp | undefined
  /** The environment variable that its documents use for the key. */
  readonly keyVariable: string
}

/** Dialects by id. */
export type Dialects = Readonly<Record<string, Dialect>>
