import type { CallerLimit } from '@postern/protocol'
import { createGovernance, type Governance } from './governance.js'
import type { CredentialOptions } from './credential.js'
import { findPlace } from './place.js'
import { createAnswerIndex } from './answer-index.js'
import { refuseRedirects } from './refuse-redirects.js'
import { refuseKey } from './refuse-key.js'
import { createSeam } from './tagged-fetch.js'
import { checkTag, tagHeaders, type Tags } from './tags.js'

export type { CallerLimit, GovernanceRecord } from '@postern/protocol'
export { formatRequestId, parseRequestId, type RequestIdParts } from '@postern/protocol'
export { PosternStreamError } from './stream-error.js'
export type { CredentialOptions } from './credential.js'
export type { Governance } from './governance.js'
export type { Tags } from './tags.js'

/** The address of Postern and the user's credential. No option takes a gateway's key: the key stays on the server. */
export interface PosternFetchOptions extends CredentialOptions {
  /**
   * Address of Postern's mount: `/ai` on the page's own origin, or a whole URL. If it is relative or missing and
   * there is no page, as on a server that renders pages, nothing fails until the first request, which rejects with a
   * `TypeError`.
   */
  readonly url: string | undefined
  /** The `fetch` that sends the requests. Default: `globalThis.fetch`. */
  readonly fetch?: typeof fetch | undefined
}

/** A `fetch` for any SDK that accepts one, and the governance records of the answers that it received. */
export interface PosternFetch {
  /**
   * Postern's mount as a whole URL: the base URL for SDKs that append `/v1` themselves, such as Anthropic's. Without
   * a page, a relative mount gets the origin `http://postern.invalid`, which only this `fetch` understands.
   */
  readonly url: string
  /** The base URL for all other SDKs: `…/ai/v1`. */
  readonly baseURL: string
  /**
   * Calls Postern only. Rejects with a `TypeError` if the URL is not below the mount, or if a header or query
   * parameter looks like an API key.
   */
  readonly fetch: typeof fetch
  readonly governance: Governance
  /**
   * The user's own limits, with what is left of each. Rejects with an `Error` that has the `code` and `status` of Postern's refusal.
   */
  limits(): Promise<readonly CallerLimit[]>
  /**
   * Starts a workflow: calls made with its `fetch` or its `headers` carry the id as `X-Workflow-ID`.
   *
   * @throws {TypeError} if the id is not 1 to 64 letters, digits, underscores and hyphens.
   */
  workflow(id: string): WorkflowFetch
}

/** A workflow or a step: a `fetch` and headers that carry its tags. */
export interface TaggedFetch {
  readonly tags: Tags
  readonly fetch: typeof fetch
  /** The tags as headers, for SDKs that accept headers but no `fetch`. */
  readonly headers: Readonly<Record<string, string>>
}

/** A workflow. Calls made with its `fetch` carry its id. */
export interface WorkflowFetch extends TaggedFetch {
  /**
   * A step of this workflow.
   *
   * @throws {TypeError} if the name is not 1 to 64 letters, digits, underscores and hyphens.
   */
  step(name: string): StepFetch
}

/** A step of a workflow. Calls made with its `fetch` carry its name and that of its parent. */
export interface StepFetch extends TaggedFetch {
  /** A step that this step causes: its calls carry this step as their parent. */
  step(name: string): StepFetch
}

/**
 * The one seam for every SDK: identifies the caller, tags calls, watches streams to their end, and finds the
 * governance record of each answer.
 *
 * @example
 * ```ts
 * const postern = createPosternFetch({ url: '/ai' })
 * const openai = createOpenAI({ baseURL: postern.baseURL, apiKey: 'none', fetch: postern.fetch }) // AI SDK
 * const anthropic = new Anthropic({ baseURL: postern.url, apiKey: 'none', fetch: postern.fetch })
 * ```
 */
export function createPosternFetch({ url, fetch: given, ...options }: PosternFetchOptions): PosternFetch {
  refuseUnknown(options)
  const place = findPlace(url)
  const records = createAnswerIndex()
  const seam = createSeam({ ...options, place, records, send: refuseRedirects(given) })

  const part = (tags: Tags): StepFetch => ({
    tags,
    fetch: seam(tags),
    headers: tagHeaders(tags),
    step: (name) => part({ workflow: tags.workflow, step: checkTag(name), parent: tags.step }),
  })

  const fetch = seam()
  return {
    url: place.url,
    baseURL: `${place.url}/v1`,
    fetch,
    governance: createGovernance(records),
    async limits() {
      const answer = await fetch('limits')
      const { limits, error } = (await answer.json()) as LimitsAnswer
      if (limits) return limits
      throw Object.assign(new Error(error?.message), { code: error?.code, status: answer.status })
    },
    workflow: (id) => part({ workflow: checkTag(id) }),
  }
}

/** The answer to `GET {mount}/limits`: the limits, or why they are not told. */
interface LimitsAnswer {
  readonly limits?: readonly CallerLimit[]
  readonly error?: { readonly message: string; readonly code: string }
}

/** Throws a `TypeError` for an unknown option: an application that passes `apiKey` would publish its key. */
function refuseUnknown(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    refuseKey(name, value)
    if (name !== 'token' && name !== 'dpop')
      throw new TypeError(`"${name}" is not an option; url, token, dpop and fetch are. Postern adds the key on the server.`)
  }
}
