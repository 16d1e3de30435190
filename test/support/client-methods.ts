import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `POST threads/{}/runs`: a method and a path below the base URL, ids as braces. */
export type ClientCall = string

/** A client of the OpenAI API, as far as the tests use it. */
export type ClientClass = new (options: {
  readonly apiKey: string
  readonly adminAPIKey?: string
  readonly baseURL: string
  readonly maxRetries: number
  readonly fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>
}) => object

const id = 'an-id'

/** Calls every method of every resource of a client and returns the calls that it would have sent. */
export async function recordCalls(Client: ClientClass): Promise<Set<ClientCall>> {
  const calls = new Set<ClientCall>()
  const client = new Client({
    apiKey: 'none',
    adminAPIKey: 'none',
    baseURL: 'http://recorded.invalid/v1',
    maxRetries: 0,
    fetch(url, init) {
      const { pathname } = new URL(url instanceof Request ? url.url : url)
      const path = pathname.slice('/v1/'.length).replaceAll(id, '{}')
      if (path !== '') calls.add(`${(init?.method ?? 'GET').toUpperCase()} ${path}`)
      return Promise.reject(new Error('recorded'))
    },
  })
  const seen = new Set<object>([client])
  for (const resource of seen) {
    for (const member of Object.values(resource)) if (isResource(member)) seen.add(member)
    for (const method of methodsOf(resource)) await Promise.resolve(callWith(resource, method)).catch(() => {})
  }
  return calls
}

/**
 * Reads from the text of a client's files what its methods send. This also finds methods that send nothing for our
 * arguments.
 */
export function readCalls(packageName: string): Set<ClientCall> {
  const folder = join(dirname(fileURLToPath(import.meta.resolve(packageName))), 'resources')
  const calls = new Set<ClientCall>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mjs'))) {
    const text = readFileSync(join(folder, file), 'utf8')
    for (const { index, 1: verb = '', 2: path = '', 3: plain = '' } of text.matchAll(
      /_client\s*\.\s*(get|post|put|patch|delete|getAPIList)\(\s*(?:path\s*)?(?:`([^`]*)`|'([^']*)')/g,
    )) {
      const statement = text.slice(index, text.indexOf(';', index))
      const method = verb !== 'getAPIList' ? verb.toUpperCase() : /method: 'post'/.test(statement) ? 'POST' : 'GET'
      calls.add(
        `${method} ${(path + plain)
          .slice(1)
          .replaceAll(/\$\{[^}]*\}/g, '{}')
          .replace(/\?.*$/, '')}`,
      )
    }
  }
  return calls
}

function isResource(member: unknown): member is object {
  return typeof member === 'object' && member !== null && '_client' in member
}

function methodsOf(resource: object): string[] {
  const prototype = Object.getPrototypeOf(resource) as Record<string, unknown>
  return Object.getOwnPropertyNames(prototype).filter((name) => {
    const method = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown
    if (name === 'constructor' || typeof method !== 'function') return false
    // Leave out helpers that stream or loop: they call the other methods.
    const text = method.toString()
    return text.includes('_client') && !/Stream\.|Runner\./.test(text)
  })
}

/**
 * Calls a method with an argument that suits all of them: an id as a text, and an object with an id under every name.
 */
function callWith(resource: object, method: string): unknown {
  const argument = new Proxy(Object(id) as object, {
    get(target, name) {
      if (typeof name === 'string' && name.endsWith('_id')) return id
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  try {
    return (resource as Record<string, (...values: unknown[]) => unknown>)[method]?.(argument, argument, argument, {})
  } catch {
    return undefined
  }
}
