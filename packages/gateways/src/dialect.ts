import type { ErrorCode, GovernanceUsage } from '@postern/protocol'
import type { UsagePlaces } from './answer-format.js'
import type { Endpoints } from './endpoint.js'
import type { Pointer } from './pointer.js'
import type { RetryRules } from './retry-rules.js'

/** One header that carries a secret: `prefix` and then the secret. */
export interface CredentialForm {
  readonly header: string
  readonly prefix: string
}

/** What an error says. Every field given must hold. */
export interface ErrorCondition {
  readonly status?: number
  /** The error's `type` or `code`, whichever holds it. */
  readonly name?: string
  readonly message?: RegExp
  /** Something stands there. */
  readonly has?: Pointer
  /** Nothing stands there. */
  readonly lacks?: Pointer
}

/** When a gateway's error means what. */
export interface ErrorRule extends ErrorCondition {
  readonly means: ErrorCode
  /** It is about the provider's key, not about the gateway's. */
  readonly about?: 'provider key'
  /** After how many seconds its documents say to ask again; an answer's own `Retry-After` counts before it. */
  readonly retryAfterSeconds?: number
}

/** Where a gateway's answers say what the governance record wants to know. */
export interface GovernancePlaces {
  /** Beginnings of the header names that clients may read; they are passed on as they came. */
  readonly passedHeaders: readonly string[]
  readonly headers: {
    readonly requestId?: string
    readonly model?: string
    readonly provider?: string
    /** Present with anything but `false`: the gateway moved to another provider. */
    readonly failover?: readonly string[]
    /** Attempts that the gateway itself made; more than one is a failover. */
    readonly attempts?: string
    /** How strongly it compressed the prompt. */
    readonly intensity?: string
    /** Its own time with the request, the provider's included, in milliseconds. */
    readonly duration?: string
    /** Tokens of the plan that are used, and that there are. */
    readonly quota?: { readonly used: string; readonly limit: string }
  }
  readonly body: {
    readonly requestId?: readonly Pointer[]
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

/** Something that the gateway lets each request choose, and that policy decides here. */
export interface Choice {
  readonly header: string
  /** The query parameter that says the same. */
  readonly query?: string
  readonly values: readonly string[]
}

/** How often the gateway lets one address call, whoever calls from there. */
export interface AddressLimit {
  /** Calls that may come at once after a rest. */
  readonly burst: number
  readonly perMinute: number
  /** How it refuses a call that came too soon, and no other. */
  readonly exceeded?: ErrorCondition
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
  /** A second secret of the same account, where one is mandatory, and how it looks. */
  readonly providerCredential?: CredentialForm & { readonly keyPattern?: RegExp }
  /** A mandatory project id that belongs to the key and is never the client's to say, in whichever member of a body it says it. */
  readonly project?: { readonly header: string; readonly pattern: RegExp; readonly bodyMember?: string }
  /** Request headers, beyond the common ones, that its documents have for callers, lower-case. Whatever else a client sends goes no further. */
  readonly requestHeaders: readonly string[]
  /** Paths below the base URL, without a leading slash. Every other path is closed, unless the operator opens it. */
  readonly endpoints: Endpoints
  /** Paths, with all that lies below them, that belong to the gateway's operator or account holder, never to a caller. */
  readonly operatorPaths: readonly string[]
  /** The largest JSON body that it takes, in bytes, where that is documented. */
  readonly maxJsonBytes?: number
  /** The chunks of its chat streams have neither `index` nor role nor finish reason, which clients need. */
  readonly bareChunks?: boolean
  /** Streams of chunks may end without `[DONE]`: among the servers that are spoken to like this, some leave it out. */
  readonly endMark?: 'optional'
  /** What each request may choose, by the name that `policies.choices` has for it. */
  readonly choices?: Readonly<Record<string, Choice>>
  readonly addressLimit?: AddressLimit
  /** Where the answer of an endpoint that begins a task has the task's id, a member of the outermost object. */
  readonly taskId?: readonly `/${string}`[]
  /** What is not listed is `not_found`, as another caller's task is: it could answer for anybody's. */
  readonly closed?: boolean
  readonly governance: GovernancePlaces
  readonly errors: {
    readonly message: readonly Pointer[]
    readonly code: readonly Pointer[]
    readonly type: readonly Pointer[]
    /** A code of `null` stays: the OpenAI API has it where there is nothing to tell apart. */
    readonly nullCode?: true
    /** What its support asks for, for the log. */
    readonly reference?: readonly Pointer[]
    /** Checked in order before the rules that all gateways share. */
    readonly rules: readonly ErrorRule[]
  }
  readonly retries: RetryRules
  /** How its keys look, for warnings and redaction; never a gate, since the documents leave room. */
  readonly keyPattern: RegExp | undefined
  /** The environment variable that its documents use for the key. */
  readonly keyVariable: string
}

/** Dialects by id. */
export type Dialects = Readonly<Record<string, Dialect>>
