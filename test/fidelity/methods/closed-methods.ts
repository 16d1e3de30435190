import type { ConfigInput } from '@postern/config'
import { createEndpointTable, dialects, isBelow, isHoldersPath, openaiEndpoints } from '@postern/gateways'
import { plainId } from '../plain-id.js'
import { type ClientMethod, findMethods, openClient, packages } from './find-methods.js'

/** What a method asks for, ids as braces. */
export interface AskedOf {
  readonly method: ClientMethod
  readonly verb: string
  /** Below `/v1/`. */
  readonly path: string
}

let all: Promise<readonly AskedOf[]> | undefined

/** Every method of every package, with what it asks for; looked up once, since packages do not change. */
export function askedOfAll(): Promise<readonly AskedOf[]> {
  all ??= askAll()
  return all
}

async function askAll(): Promise<AskedOf[]> {
  const asked: AskedOf[] = []
  for (const name of packages) {
    let last = ''
    const client = openClient(name, 'http://recorded.invalid', 'none', (url, init) => {
      const { pathname } = new URL(url instanceof Request ? url.url : url)
      last = `${(init?.method ?? 'GET').toUpperCase()} ${pathname.slice('/v1/'.length).replaceAll(plainId, '{id}')}`
      return Promise.reject(new Error('recorded'))
    })
    for (const method of findMethods(name)) {
      last = ''
      await Promise.resolve(method.call(client, plainId)).catch(() => {})
      const [verb = '', path = ''] = last.split(' ')
      asked.push({ method, verb, path })
    }
  }
  return asked
}

/** Whether Postern refuses it whatever its operator writes. */
export function isClosed(path: string): boolean {
  return isHoldersPath(path) || isBelow(dialects.openai.operatorPaths, path)
}

type Opened = NonNullable<ConfigInput['gateways'][string]['endpoints']>

/** What an operator opens so that every method which is not closed finds its endpoint: those of other APIs than OpenAI's. */
export function openedFor(asked: readonly AskedOf[]): Opened {
  const { find } = createEndpointTable(openaiEndpoints)
  const opened: Record<string, Opened[string]> = {}
  for (const { verb, path, method } of asked) {
    if (path === '' || isClosed(path)) continue
    const known = find(path.replaceAll('{id}', plainId))?.endpoints.flatMap(({ methods }) => methods) ?? []
    if (known.includes(verb)) continue
    const before = opened[path]
    opened[path] = {
      methods: [...new Set([...(before?.methods ?? known), verb])] as Opened[string]['methods'],
      format: path === 'messages' ? 'messages' : 'plain',
      model: path === 'messages' ? 'body' : 'none',
      media: method.upload || before?.media === true,
    }
  }
  return opened
}

/** The paths that are closed on purpose, shortest first and without what lies below one that is listed. */
export function closedPaths(
  asked: readonly AskedOf[],
): { readonly path: string; readonly packages: readonly string[]; readonly calls: number }[] {
  const groups = new Map<string, { packages: Set<string>; calls: number }>()
  for (const { path, method } of asked) {
    if (path === '' || !isClosed(path)) continue
    const first = groupOf(path)
    const group = groups.get(first) ?? { packages: new Set(), calls: 0 }
    group.packages.add(method.package)
    group.calls += 1
    groups.set(first, group)
  }
  return [...groups]
    .map(([path, { packages: named, calls }]) => ({ path, packages: [...named], calls }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** The shortest beginning of a path that is closed as a whole. */
function groupOf(path: string): string {
  const segments = path.split('/')
  for (let length = 1; length < segments.length; length += 1) {
    const beginning = segments.slice(0, length).join('/')
    if (isClosed(`${beginning}/anything`)) return `${beginning}/*`
  }
  return path
}
