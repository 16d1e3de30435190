import {
  checkEndpoint,
  checkModel,
  checkModelOutsideBody,
  checkSizable,
  checkTags,
  needsCeiling,
  plainNeed,
  type Policy,
  type Route,
} from '@postern/core'
import { Refusal } from '@postern/ports'
import { type ErrorCode, errorCodes, headerNames } from '@postern/protocol'
import type { MatchingBinding } from './matching-bindings.js'
import { describeLimit, findAskedLimits, type LimitQuestion, type ToldLimit } from './limits/asked-limits.js'
import { askedPrincipal } from './limits/asked-principal.js'
import type { Runtime } from './runtime.js'

/** A request that `explain` answers for: its principal, tags, method, path and model. */
export interface ExplainQuestion extends LimitQuestion {
  readonly step?: string | undefined
  readonly method: string
  /** Below the mount: `/v1/chat/completions`. */
  readonly path: string
}

/** Whether Postern would forward a request, and which rule decides. */
export interface Explanation {
  readonly outcome: 'forwarded' | 'refused'
  readonly refusal?: { readonly code: ErrorCode; readonly status: number; readonly reason: string; readonly help: string }
  readonly key?: string
  readonly gateway?: string
  readonly dialect?: string
  /** `true`: it costs nothing, so no limit of tokens or money counts it. */
  readonly free?: true
  /** The gateway's URL for the request. */
  readonly url?: string
  /** The binding that chooses the key, such as `team=acme`. */
  readonly binding?: string
  /** Every binding that matches, the one that counts first. Not known to `explain` itself: see `matchingBindings`. */
  readonly bindings?: readonly MatchingBinding[]
  /** The binding that chooses the key if the workflow stands in the header alone; `none`: it is refused. Absent if it is the same one. See `bindingByHeader`. */
  readonly binding_by_header?: string
  /** Whether callers may use stored objects (files, responses, conversations); `refused` if several tenants use an unshared key. */
  readonly stored_objects?: 'allowed' | 'refused'
  /** `models` and `endpoints` hold one list for each rule that applies; every list must allow the request. */
  readonly limits: {
    readonly models: readonly (readonly string[])[]
    readonly endpoints: readonly (readonly string[])[]
    /** Of a JSON body: the smaller of the policy's limit and the gateway's. */
    readonly max_body_bytes: number
    /** The most tokens that a request may ask for. */
    readonly max_tokens?: number | undefined
    /** Tags that the request must bring. */
    readonly require: readonly string[]
    /** The limits that count such a request, in the order of the configuration. */
    readonly rules: readonly ToldLimit[]
    /** For each option that the gateway offers per request: the policy's value, `caller`, or `the gateway’s default`. */
    readonly choices: Readonly<Record<string, string>>
  }
}

/** Replace the help of the error codes, which sends the reader to `postern explain`. */
const helps: Partial<Record<ErrorCode, string>> = {
  model_not_allowed: 'Choose another model, or change the policy: the limits say what is allowed.',
  endpoint_not_allowed: 'Use another endpoint, or change the policy: the limits say what is allowed.',
}

/** Checks the model where the endpoint takes it: `model` if that is the body or the query, else the model in the path. */
function checkModelAsked(policy: Policy, route: Route, model: string | undefined): void {
  if (route.endpoint.model === 'body' || route.endpoint.model === 'query') checkModel(policy, model)
  else checkModelOutsideBody(route, '', (inPath) => checkModel(policy, inPath))
}

function tagHeaders(workflow: string | undefined, step: string | undefined): Readonly<Record<string, string>> {
  return {
    ...(workflow === undefined ? {} : { [headerNames.workflow.toLowerCase()]: workflow }),
    ...(step === undefined ? {} : { [headerNames.step.toLowerCase()]: step }),
  }
}

/**
 * A dry run: decides about a request as the corridor would, but calls no gateway and reads no secret.
 *
 * @throws Only errors of this program; a refusal is returned as `refusal`.
 */
export function explain(runtime: Runtime, question: ExplainQuestion): Explanation {
  const { model, workflow, step } = question
  const principal = askedPrincipal(question)
  const policy = runtime.findPolicy(principal)
  const bound = runtime.findKey(principal)
  const dialect = bound?.key.gateway.dialect
  const asked = findAskedLimits(runtime, question)
  const limits = {
    models: policy.models.map(({ names }) => names),
    endpoints: policy.endpoints.map(({ names }) => names),
    max_body_bytes: Math.min(policy.maxBodyBytes, dialect?.maxJsonBytes ?? Infinity),
    max_tokens: policy.maxTokens,
    require: [...policy.requires],
    rules: asked.map(({ limit }) => describeLimit(limit, undefined)),
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
    const route = runtime.findRoute({ method: question.method, path: question.path, query: '' }, principal)
    const { endpoint, upstreamPath, gateway } = route
    checkEndpoint(policy, route.endpointPath)
    if (endpoint.model !== 'none') checkTags(policy, { headers: tagHeaders(workflow, step) }, principal)
    if (policy.namesModels) checkModelAsked(policy, route, model)
    needsCeiling({ ceiling: policy.maxTokens, endpoint })
    if (endpoint.costs !== 'nothing') {
      const limits = asked.map(({ limit }) => limit)
      checkSizable(limits, plainNeed(route, model), { gateway: gateway.name, key: route.key.alias, model }, runtime.pricing)
    }
    const free = endpoint.costs === 'nothing' ? { free: true as const } : {}
    return { outcome: 'forwarded', ...chosen, ...free, url: gateway.origin + upstreamPath, limits }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const help = error.details.help ?? helps[error.code] ?? errorCodes[error.code].help
    return { outcome: 'refused', refusal: { code: error.code, status: error.status, reason: error.message, help }, ...chosen, limits }
  }
}
