import { sdkTimeoutHeader } from '@postern/protocol'
import OpenAI, { type ClientOptions } from 'openai'
import { createPosternFetch, type PosternFetch, type PosternFetchOptions, type StepFetch, type WorkflowFetch } from './fetch.js'
import { refuseKey } from './refuse-key.js'

export * from './fetch.js'

/** Options that Postern sets, and options that only OpenAI's own service understands. */
type OwnOption = (typeof ownOptions)[number] | 'dangerouslyAllowBrowser' | 'organization' | 'project' | 'provider' | 'workloadIdentity'

/**
 * Options of the `openai` client that you may set: all but those that Postern sets and those that only OpenAI
 * understands.
 */
export type OpenAIOptions = Omit<ClientOptions, OwnOption>

interface Opens {
  /**
   * Returns a genuine `OpenAI` instance, without a key.
   *
   * @throws {TypeError} if an option is Postern's (`apiKey`, `adminAPIKey`, `baseURL`, `fetch`) or a default header
   *   or query value looks like a key.
   */
  openai(options?: OpenAIOptions): OpenAI
}

/** Postern with clients of the `openai` package: all of {@link PosternFetch}, and `openai()`. */
export interface Postern extends Omit<PosternFetch, 'workflow'>, Opens {
  /**
   * Starts a workflow: its calls carry the id as `X-Workflow-ID`.
   *
   * @throws {TypeError} if the id is not 1 to 64 letters, digits, underscores and hyphens.
   */
  workflow(id: string): Workflow
}

/** A workflow. Calls of its `openai()` and of its `fetch` carry its id. */
export interface Workflow extends Omit<WorkflowFetch, 'step'>, Opens {
  /**
   * A step of this workflow.
   *
   * @throws {TypeError} if the name is not 1 to 64 letters, digits, underscores and hyphens.
   */
  step(name: string): Step
}

/** A step of a workflow. Calls of its `openai()` and of its `fetch` carry its name and that of its parent. */
export interface Step extends Omit<StepFetch, 'step'>, Opens {
  /** A step that this step causes: its calls carry this step as their parent. */
  step(name: string): Step
}

/**
 * Makes clients of the `openai` package that call Postern. The backend's cookie or a session token identifies the
 * user of the page; there is never a key.
 *
 * @throws {TypeError} if `url` is not an http or https address, or an option is unknown, such as `apiKey`.
 *
 * @example
 * ```ts
 * const postern = createPostern({ url: '/ai' })
 * const openai = postern.openai()
 * const answer = await openai.chat.completions.create({ model: 'auto', messages })
 * console.log(postern.governance(answer)?.cost)
 * ```
 */
export function createPostern(options: PosternFetchOptions): Postern {
  const postern = createPosternFetch(options)
  const opens = (fetch: typeof globalThis.fetch): Opens => ({ openai: (given = {}) => openOpenAI(postern.baseURL, fetch, given) })
  const step = (tagged: WorkflowFetch): Step => ({ ...tagged, ...opens(tagged.fetch), step: (name) => step(tagged.step(name)) })
  return {
    ...postern,
    ...opens(postern.fetch),
    workflow: (id) => step(postern.workflow(id)),
  }
}

const ownOptions = ['apiKey', 'adminAPIKey', 'baseURL', 'fetch'] as const

function openOpenAI(baseURL: string, fetch: typeof globalThis.fetch, options: OpenAIOptions): OpenAI {
  const own = ownOptions.find((name) => name in options)
  if (own !== undefined) throw new TypeError(`"${own}" is Postern's to say.`)
  const { defaultHeaders, defaultQuery } = options
  for (const given of [defaultHeaders, defaultQuery]) for (const [name, value] of Object.entries(given ?? {})) refuseKey(name, value)
  // The package's own default. The package writes the header only if the request has a timeout of its own.
  const { timeout = 600_000 } = options
  return new OpenAI({
    ...options,
    baseURL,
    // A client that leaves before this time has cancelled and will not repeat the call: Postern ends it.
    fetch: (input, { headers: given, ...init } = {}) => {
      const headers = new Headers(given)
      if (!headers.has(sdkTimeoutHeader)) headers.set(sdkTimeoutHeader, String(Math.trunc(timeout / 1000)))
      return fetch(input, { ...init, headers })
    },
    // The package demands a key and refuses to run in browsers, so that keys are not published. This text is not a
    // key, and Postern's `fetch` removes the header that carries it.
    apiKey: 'none',
    dangerouslyAllowBrowser: true,
    // The package would read these from the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
  })
}
