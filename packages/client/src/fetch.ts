import { createGovernance, type Governance } from './governance.js'
import type { CredentialOptions } from './credential.js'
import { findPlace } from './place.js'
import { createRecords } from './records.js'
import { refuseRedirects } from './refuse-redirects.js'
import { refuseKey } from './refuse-key.js'
import { createSeam } from './seam.js'
import { checkTag, tagHeaders, type Tags } from './tags.js'

export type { GovernanceRecord } from '@postern/protocol'
export { formatRequestId, parseRequestId, type RequestIdParts } from '@postern/protocol'
export { PosternStreamError } from './stream-error.js'
export type { CredentialOptions } from './credential.js'
export type { Governance } from './governance.js'
export type { Tags } from './tags.js'

/** Where Postern is, and who calls. There is no way to give it a key of a gateway. */
export interface PosternFetchOptions extends CredentialOptions {
  /**
   * Its mount: `/ai` on the page's own origin, or a whole address. What is relative, or missing, is complained of by the
   * first request without a page, and not before: servers that render pages run their code too.
   */
  readonly url: string | undefined
  /** What sends requests. Default the platform's own. */
  readonly fetch?: typeof fetch | undefined
}

/** A `fetch` for any SDK that takes one, and what is known of what it brought. */
export interface PosternFetch {
  /** Postern's mount, whole: the base URL for SDKs that add the version themselves, such as Anthropic's; where there is no page, only for `fetch`. */
  readonly url: string
  /** The base URL for the others: `…/ai/v1`. */
  readonly baseURL: string
  /** Talks to Postern and to nobody else. */
  readonly fetch: typeof fetch
  readonly governance: Governance
  /**
   * A run, whose calls travel under its name.
   *
   * @throws {TypeError} where the id is not 1 to 64 letters, digits, underscores and hyphens.
   */
  workflow(id: string): WorkflowFetch
}

/** Part of a run: a `fetch` and headers that say so. */
export interface TaggedFetch {
  readonly tags: Tags
  readonly fetch: typeof fetch
  /** The same as headers, for what takes no `fetch`. */
  readonly headers: Readonly<Record<string, string>>
}

export interface WorkflowFetch extends TaggedFetch {
  step(name: string): StepFetch
}

export interface StepFetch extends TaggedFetch {
  /** A step that this one causes. */
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
  const records = createRecords()
  const seam = createSeam({ ...options, place, records, send: refuseRedirects(given) })

  const part = (tags: Tags): StepFetch => ({
    tags,
    fetch: seam(tags),
    headers: tagHeaders(tags),
    step: (name) => part({ workflow: tags.workflow, step: checkTag(name), parent: tags.step }),
  })

  return {
    url: place.url,
    baseURL: `${place.url}/v1`,
    fetch: seam(),
    governance: createGovernance(records),
    workflow: (id) => part({ workflow: checkTag(id) }),
  }
}

/** Somebody who writes `apiKey` here is about to publish it. */
function refuseUnknown(options: object): void {
  for (const [name, value] of Object.entries(options)) refuseKey(name, value)
  const unknown = Object.keys(options).find((name) => name !== 'token' && name !== 'dpop')
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is not an option. Postern adds the key on the server.`)
}
