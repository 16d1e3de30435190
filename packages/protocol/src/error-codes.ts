/** The properties of an error code that do not depend on the request. */
export interface ErrorCodeEntry {
  /** HTTP status. If the gateway finds the request wrong, the client gets the gateway's own status instead. */
  readonly status: number
  /** The OpenAI envelope's `type`: the family of the error. */
  readonly type: ErrorType
  /** `false`: the same request cannot succeed later, and the answer says `X-Should-Retry: false`. */
  readonly retryable: boolean
  /** One sentence for a person. Contains nothing of the request. */
  readonly title: string
  /** What to do about it, and who can do it. */
  readonly help: string
}

/** Families of errors, as the OpenAI API names them. */
export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'permission_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'api_error'

const invalid = { status: 400, type: 'invalid_request_error', retryable: false } as const
const unauthenticated = { status: 401, type: 'authentication_error', retryable: false } as const
const unpaid = { status: 402, type: 'billing_error', retryable: false } as const
const forbidden = { status: 403, type: 'permission_error', retryable: false } as const
const conflicting = { status: 409, type: 'invalid_request_error', retryable: false } as const
const throttled = { status: 429, type: 'rate_limit_error', retryable: true } as const
const failed = { status: 502, type: 'api_error', retryable: true } as const
const unavailable = { status: 503, type: 'api_error', retryable: true } as const

const inLog = 'For the operator: the log line with this request id says why.'
const whyInLog = `Try again later. ${inLog}`

/** Every code of Postern that a client can get, for refusals of Postern and for failures of the gateway. */
export const errorCodes = {
  credential_in_request: {
    ...invalid,
    title: 'The request carries an API key. Postern adds the key itself and accepts none from a caller.',
    help: 'Remove the key header, query parameter or body member. Send only your own session token or service credential as a Bearer token.',
  },
  tag_invalid: {
    ...invalid,
    title: 'A workflow or step tag is not of the form [A-Za-z0-9_-]{1,64}.',
    help: 'Send X-Workflow-ID, X-Step-ID and X-Parent-Step-ID once each, with 1 to 64 letters, digits, underscores or hyphens.',
  },
  request_malformed: {
    ...invalid,
    title: 'The request cannot be read.',
    help: 'Correct it before sending it again.',
  },
  ceiling_required: {
    ...invalid,
    title: 'Nothing bounds what this request could use, and this caller has a limit of money or tokens.',
    help: 'State a ceiling of tokens and leave out what works beside the answer: hosted tools, stored context. For the operator: a price for the whole call (perCall) lets it pass.',
  },
  caller_missing: {
    ...unauthenticated,
    title: 'The request does not say who is calling.',
    help: 'Send a session token or service credential in "Authorization: Bearer …"; in a page, sign in first.',
  },
  caller_invalid: {
    ...unauthenticated,
    title: 'The credential is not one that Postern knows.',
    help: 'Get a new token where this one came from. For the operator: "postern callers list" names the service callers whose credentials are good.',
  },
  caller_expired: {
    ...unauthenticated,
    title: 'The token has expired.',
    help: 'Get a new one where this one came from: a session from your backend, any other from your identity provider.',
  },
  caller_revoked: {
    ...unauthenticated,
    title: 'The session was revoked.',
    help: 'Sign in again.',
  },
  proof_required: {
    ...unauthenticated,
    title: 'The token is bound to a key and the request brings no proof of it.',
    help: 'Send a DPoP proof with every request (RFC 9449).',
  },
  proof_invalid: {
    ...unauthenticated,
    title: 'The proof of possession does not fit this request.',
    help: 'Make a new DPoP proof for each request, for its method, URL and token.',
  },
  budget_held: {
    ...throttled,
    title: 'Calls under way hold what is left of the budget.',
    help: 'Wait for the time in Retry-After: what they do not use comes back when they end.',
  },
  budget_exhausted: {
    ...unpaid,
    title: 'The budget for this caller is spent.',
    help: 'For the operator: "postern explain" lists the limits that count the caller; who mints a session says how many calls it is good for.',
  },
  gateway_out_of_credit: {
    ...unpaid,
    title: 'The gateway account has no credit or quota left.',
    help: 'For the operator: top up the account or raise the limit of the gateway key named in the governance record.',
  },
  no_key_for_caller: {
    ...forbidden,
    title: 'No gateway key is bound to this caller.',
    help: 'For the operator: add a binding for the user, team or project. There is no fallback to another key.',
  },
  delegation_not_allowed: {
    ...forbidden,
    title: 'This caller may not act for others.',
    help: 'Remove Postern-Act-As, or give the service caller "delegate: true" in the configuration.',
  },
  model_not_allowed: {
    ...forbidden,
    title: 'The policy does not allow this model.',
    help: 'Choose another model. For the operator: "postern explain" prints what is allowed.',
  },
  endpoint_not_allowed: {
    ...forbidden,
    title: 'The policy does not allow this endpoint.',
    help: 'Use another endpoint. For the operator: "postern explain" prints what is allowed.',
  },
  origin_not_allowed: {
    ...forbidden,
    title: 'Pages of this origin may not call Postern.',
    help: 'For the operator: list the origin under browser.origins.',
  },
  cross_site_refused: {
    ...forbidden,
    title: 'The request came from another site.',
    help: 'Call from a page of the same origin or of a listed one.',
  },
  gateway_policy_refused: {
    ...forbidden,
    title: "The gateway's own policy forbids this request.",
    help: 'For the operator: check tier, model, project and address rules of the gateway key named in the governance record.',
  },
  not_found: {
    status: 404,
    type: 'not_found_error',
    retryable: false,
    title: 'There is nothing at this path.',
    help: 'The API lives under the mount path, by default /ai/v1/….',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    retryable: false,
    title: 'This endpoint is not called with this method.',
    help: 'The Allow header names the methods that are.',
  },
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    retryable: true,
    title: 'The request did not arrive in time.',
    help: 'Send it again over a better connection.',
  },
  key_conflict: { ...conflicting, title: 'The key ring has something in the way of this.', help: 'GET /admin/v1/keys lists the ring.' },
  idempotency_conflict: {
    ...conflicting,
    title: 'The Idempotency-Key is that of another request.',
    help: 'Give each request a key of its own, and repeat a request with the same body.',
  },
  body_too_large: {
    status: 413,
    type: 'invalid_request_error',
    retryable: false,
    title: 'The request body is larger than the limit.',
    help: 'Send less. The message names the limit: policies.body, or one that no setting raises.',
  },
  media_type_unsupported: {
    status: 415,
    type: 'invalid_request_error',
    retryable: false,
    title: 'The body comes in a form that is not taken.',
    help: 'Send JSON in UTF-8, or the form or medium that the endpoint takes, without Content-Encoding.',
  },
  upgrade_required: {
    status: 426,
    type: 'invalid_request_error',
    retryable: false,
    title: 'The API is not served over WebSocket.',
    help: 'Call it over plain HTTP, without Upgrade; what streams comes as server-sent events.',
  },
  headers_too_large: {
    status: 431,
    type: 'invalid_request_error',
    retryable: false,
    title: 'The request headers are larger than the limit.',
    help: 'Send fewer or shorter headers; cookies are the usual cause.',
  },
  host_not_allowed: {
    status: 421,
    type: 'invalid_request_error',
    retryable: false,
    title: 'This process does not answer by that name.',
    help: 'For the operator: list the host under listen.hosts.',
  },
  rate_limited: {
    ...throttled,
    title: 'Too many requests.',
    help: 'Wait for the time in Retry-After.',
  },
  too_many_streams: {
    ...throttled,
    title: 'Too many streams are open at once.',
    help: 'Close one, or wait until one ends.',
  },
  gateway_rate_limited: {
    ...throttled,
    title: 'The gateway asks to slow down.',
    help: 'Wait for the time in Retry-After.',
  },
  internal_error: {
    status: 500,
    type: 'api_error',
    retryable: false,
    title: 'Postern met a fault of its own.',
    help: 'For the operator: the log line with this request id has the details.',
  },
  gateway_key_rejected: {
    ...failed,
    retryable: false,
    title: 'The gateway rejected the key that Postern holds for this caller.',
    help: 'For the operator: replace the gateway key whose alias is in the governance record. Your own sign-in is fine.',
  },
  gateway_failed: {
    ...failed,
    title: 'The gateway failed.',
    help: whyInLog,
  },
  gateway_answer_invalid: {
    ...failed,
    retryable: false,
    title: 'What the gateway sent cannot be an answer.',
    help: "For the operator: check the gateway's base URL; an HTML page or a redirect usually means it is wrong.",
  },
  caller_check_unavailable: {
    ...unavailable,
    title: 'Who is calling cannot be checked right now.',
    help: 'Try again later.',
  },
  key_unavailable: {
    ...unavailable,
    title: 'The gateway key cannot be used right now.',
    help: 'Try again later. For the operator: the log names the key and says what is wrong with it.',
  },
  store_unavailable: {
    ...unavailable,
    title: 'What must be remembered about this caller cannot be looked up right now.',
    help: 'Try again later.',
  },
  gateway_unavailable: {
    ...unavailable,
    title: 'The gateway cannot be reached.',
    help: whyInLog,
  },
  draining: {
    ...unavailable,
    title: 'This process is shutting down.',
    help: 'Try again; another one will answer.',
  },
  backend_failed: {
    status: 502,
    type: 'api_error',
    retryable: true,
    title: 'The server behind this address broke off.',
    help: 'Try again later.',
  },
  backend_unavailable: {
    status: 503,
    type: 'api_error',
    retryable: true,
    title: 'The server behind this address cannot be reached.',
    help: 'Try again later.',
  },
  backend_timeout: {
    status: 504,
    type: 'api_error',
    retryable: true,
    title: 'The server behind this address did not answer in time.',
    help: 'Try again later.',
  },
  gateway_timeout: {
    status: 504,
    type: 'api_error',
    retryable: true,
    title: 'The gateway did not answer in time.',
    help: `Try again later, or stream the answer. ${inLog}`,
  },
} as const satisfies Record<string, ErrorCodeEntry>

/** One of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes
