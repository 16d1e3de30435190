import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'

/** A client's package as it is installed. */
export type PackageName = 'openai' | 'openai-7' | '@anthropic-ai/sdk'

/** What an answer to a call is. */
export type Kind = 'json' | 'stream' | 'download' | 'nothing'

/** One way to call one method of a client. */
export interface ClientMethod {
  readonly package: PackageName
  /** `chat.completions.create`, and what is asked where it can be more than one thing. */
  readonly name: string
  readonly kind: Kind
  /** It sends a form. */
  readonly upload: boolean
  /** Calls it. @param id Stands for every id that it takes. */
  call(client: object, id: string): unknown
}

type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Opens a client of a package. @param origin What stands before `/v1`. */
export function openClient(name: PackageName, origin: string, credential: string, fetch: Fetch): object {
  const usual = { maxRetries: 0, fetch, logLevel: 'off' } as const
  if (name === '@anthropic-ai/sdk') return new Anthropic({ ...usual, baseURL: origin, apiKey: null, authToken: credential })
  const Client = name === 'openai' ? OpenAI : OpenAI7
  return new Client({ ...usual, baseURL: `${origin}/v1`, apiKey: credential, adminAPIKey: credential })
}

export const packages: readonly PackageName[] = ['openai', 'openai-7', '@anthropic-ai/sdk']

/** Every method of every resource of a client that sends something by itself, with arguments that make it do so. */
export function findMethods(name: PackageName): ClientMethod[] {
  const client = openClient(name, 'http://nowhere.invalid', 'none', () => Promise.reject(new Error('never called')))
  const places: [path: readonly string[], resource: object][] = [[[], client]]
  const methods: ClientMethod[] = []
  for (const [path, resource] of places) {
    for (const [member, value] of Object.entries(resource)) if (isResource(value)) places.push([[...path, member], value])
    if (path.length > 0)
      for (const method of methodsOf(resource)) methods.push(...waysToCall(name, path, method, sourceOf(resource, method)))
  }
  return methods
}

function isResource(member: unknown): member is object {
  return typeof member === 'object' && member !== null && '_client' in member
}

function sourceOf(resource: object, method: string): string {
  return (Reflect.get(resource, method) as () => unknown).toString()
}

/** Helpers that go on by themselves call the others. */
function methodsOf(resource: object): string[] {
  const prototype = Object.getPrototypeOf(resource) as object
  return Object.getOwnPropertyNames(prototype).filter((name) => {
    const method = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown
    if (name === 'constructor' || typeof method !== 'function') return false
    return /_client\s*\.\s*(?:get|post|put|patch|delete|getAPIList)\(/.test(method.toString())
  })
}

function waysToCall(name: PackageName, path: readonly string[], method: string, source: string): ClientMethod[] {
  const way = (kind: Kind, as: 'plain' | 'stream' | 'form'): ClientMethod => ({
    package: name,
    name: `${[...path, method].join('.')}${as === 'plain' ? '' : ` (${as})`}`,
    kind,
    upload: as === 'form',
    call(client, id) {
      const resource = path.reduce((at, member) => Reflect.get(at, member) as object, client)
      const called = Reflect.get(resource, method) as (...values: unknown[]) => unknown
      return called.apply(resource, argumentsOf(source, as, id))
    },
  })
  const kind = kindOf(source)
  const ways: ClientMethod[] = []
  if (!alwaysForm.test(source)) ways.push(way(kind, 'plain'))
  if (maySay.test(source)) ways.push(way('stream', 'stream'))
  if (mayForm.test(source) && method !== 'remix') ways.push(way(kind, 'form'))
  return ways
}

const alwaysForm = /\bmultipartFormRequestOptions/
/** Some send a form where there is a file among what they are given; of a video that is made anew there is none. */
const mayForm = /multipartFormRequestOptions/i
/** It streams where its argument says so. */
const maySay = /stream: \w+\??\.stream/

function kindOf(source: string): Kind {
  if (source.includes('stream: true')) return 'stream'
  if (source.includes('__binaryResponse: true')) return 'download'
  return source.includes(`Accept: '*/*'`) ? 'nothing' : 'json'
}

/** Ids as text, and what is asked as an object that has each id which the method puts into its path. */
function argumentsOf(source: string, as: 'plain' | 'stream' | 'form', id: string): unknown[] {
  const ids = new Set([...source.matchAll(/\$\{(?:encodeURIComponent\()?(\w+)/g)].map(([, name]) => name as string))
  return parametersOf(source).map((name) => {
    if (name === 'options') return undefined
    if (ids.has(name) || name.endsWith('ID')) return id
    const further = [...ids].filter((name) => !parametersOf(source).includes(name)).map((name) => [name, id])
    return { ...askedOf(source, as), ...Object.fromEntries(further), ...(as === 'stream' ? { stream: true } : {}) }
  })
}

function parametersOf(source: string): string[] {
  const list = source.slice(source.indexOf('(') + 1, source.indexOf(') {'))
  return list.split(',').flatMap((each) => /^\s*(\w+)/.exec(each)?.[1] ?? [])
}

/** What is asked: a form, a query or a document. */
function askedOf(source: string, as: 'plain' | 'stream' | 'form'): Record<string, unknown> {
  if (as === 'form') {
    const file = (text: string, name: string): File => new File([text], name, { type: 'text/plain' })
    return { model: 'small', name: 'a näme', purpose: 'user_data', prompt: 'Hello', file: file('of one “file”\r\n', 'one.txt') }
  }
  if (/_client\s*\.\s*(?:get|delete)\(/.test(source) || (source.includes('getAPIList(') && !source.includes(`method: 'post'`))) {
    return { limit: 2, order: 'asc', after: 'an id/with=signs&more' }
  }
  return {
    model: 'small',
    input: 'Good morning, “Zoë” \u2028 🐎',
    messages: [{ role: 'user', content: 'Hello' }],
    max_tokens: 16,
    temperature: 1e-7,
    metadata: { trace: 'yes' },
  }
}
