import OpenAI, { type ClientOptions } from 'openai'
import { createPosternFetch, type PosternFetch, type PosternFetchOptions, type StepFetch, type WorkflowFetch } from './fetch.js'
import { refuseKey } from './refuse-key.js'

export * from './fetch.js'

/** What Postern says, or what has no meaning without OpenAI itself. */
type OwnOption = (typeof ownOptions)[number] | 'dangerouslyAllowBrowser' | 'organization' | 'project' | 'provider' | 'workloadIdentity'

/** Options of the `openai` client that are not Postern's to say. */
export type OpenAIOptions = Omit<ClientOptions, OwnOption>

interface Opens {
  /** A genuine `OpenAI` instance, without a key. */
  openai(options?: OpenAIOptions): OpenAI
}

export interface Postern extends Omit<PosternFetch, 'workflow'>, Opens {
  /** A run, whose calls travel under its name. */
  workflow(id: string): Workflow
}

export interface Workflow extends Omit<WorkflowFetch, 'step'>, Opens {
  step(name: string): Step
}

export interface Step extends Omit<StepFetch, 'step'>, Opens {
  /** A step that this one causes. */
  step(name: string): Step
}

/**
 * The `openai` package, talking to Postern: in a page by the backend's cookie or a session token, and never with
 * a key.
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
  return new OpenAI({
    ...options,
    baseURL,
    fetch,
    // The package wants a key and warns of browsers, both for want of what is here: this is no key, and it is never sent.
    apiKey: 'none',
    dangerouslyAllowBrowser: true,
    // It would read these from the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
  })
}
