import { type ErrorCode, errorCodes } from '@postern/protocol'
import type { PrincipalFields } from './principal.js'
import { checkModel } from './police/check-model.js'
import { checkEndpoint } from './police/index.js'
import { checkModelOutsideBody } from './police/model-outside-body.js'
import { needsCeiling } from './police/output-limit.js'
import type { Policy } from './police/policies.js'
import { Refusal } from './refusal.js'
import type { Route } from './resolve/route.js'
import type { Runtime } from './runtime.js'

/** Who would call for what. */
export interface ExplainQuestion extends PrincipalFields {
  readonly model?: string | undefined
  readonly method: string
  /** Below the mount: `/v1/chat/completions`. */
  readonly path: string
}

/** What would become of a request, and which rule says so. No gateway is called and no secret is read. */
export interface Explanation {
  readonly outcome: 'forwarded' | 'refused'
  readonly refusal?: { readonly code: ErrorCode; readonly status: number; readonly reason: string; readonly help: string }
  readonly key?: string
  readonly gateway?: string
  readonly dialect?: string
  /** Where the request would go. */
  readonly url?: string
  /** The binding that chooses the key, such as `team=acme`. */
  readonly binding?: string
  /** What its callers may do with files, stored responses, conversations and their like; `refused` where several tenants use the key. */
  readonly stored_objects?: 'allowed' | 'refused'
  /** Of models and endpoints, one list for each rule that applies; every list must allow what is asked for. */
  readonly limits: {
    readonly models: readonly (readonly string[])[]
    readonly endpoints: readonly (readonly string[])[]
    /** Of JSON, the smaller of what policy allows and the gateway takes. */
    readonly max_body_bytes: number
    /** The most tokens that a request may ask for. */
    readonly max_tokens?: number | undefined
    /** What policy chooses of the things that the gateway lets each request choose. */
    readonly choices: Readonly<Record<string, string>>
  }
}

/** What to do, for whoever asks here already what is allowed. */
const helps: Partial<Record<ErrorCode, string>> = {
  model_not_allowed: 'Choose another model, or change the policy: the limits say what is allowed.',
  endpoint_not_allowed: 'Use another endpoint, or change the policy: the limits say what is allowed.',
}

/** Checks the model where the endpoint has it; that of a body or query is the one in question. */
function checkModelAsked(policy: Policy, route: Route, model: string | undefined): void {
  if (route.endpoint.model === 'body' || route.endpoint.model === 'query') checkModel(policy, model)
  else checkModelOutsideBody(route, '', (inPath) => checkModel(policy, inPath))
}

/** Walks a request's way without sending it. */
export function explain(runtime: Runtime, question: ExplainQuestion): Explanation {
  const principal = { ...question, via: 'service', caller: 'explain', delegate: false } as const
  const policy = runtime.findPolicy(principal)
  const bound = runtime.findKey(principal)
  const dialect = bound?.key.gateway.dialect
  const limits = {
    models: policy.models.map(({ names }) => names),
    endpoints: policy.endpoints.map(({ names }) => names),
    max_body_bytes: Math.min(policy.maxBodyBytes, dialect?.maxJsonBytes ?? Infinity),
    max_tokens: policy.maxTokens,
    choices: Object.fromEntries(Object.keys(dialect?.choices ?? {}).map((name) => [name, policy.choices[name] ?? 'the gateway’s default'])),
  }
  const chosen =
    bound === undefined
      ? {}
      : {
          key: bound.key.alias,
          gateway: bound.key.gateway.name,
          dialect: bound.key.gateway.dialect.id,
          binding: bound.binding,
          stored_objects: bound.key.mayStore ? ('allowed' as const) : ('refused' as const),
        }
  try {
    const route = runtime.rooms.resolve({ method: question.method, path: question.path, query: '' }, principal)
    const { endpoint, upstreamPath, gateway } = route
    checkEndpoint(policy, route.endpointPath)
    if (policy.namesModels) checkModelAsked(policy, route, question.model)
    needsCeiling({ ceiling: policy.maxTokens, endpoint })
    return { outcome: 'forwarded', ...chosen, url: gateway.origin + upstreamPath, limits }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const help = error.details.help ?? helps[error.code] ?? errorCodes[error.code].help
    return { outcome: 'refused', refusal: { code: error.code, status: error.status, reason: error.message, help }, ...chosen, limits }
  }
}
