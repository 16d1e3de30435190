import type { Arrival } from '../arrival.js'
import type { Route } from '../resolve/route.js'

/**
 * Members with a URL that clients request next, with their credential for Postern: the results of a batch (Anthropic's
 * client requests that URL unchanged), or the state or the end of a task.
 */
const followed = ['results_url', 'poll_url', 'polling_url', 'status_url', 'response_url', 'cancel_url'] as const

const followedMember = new RegExp(String.raw`("(?:${followed.join('|')})"\s*:\s*)("(?:[^"\\]|\\.)*")`, 'g')

/** Returns the origin under which the client reaches Postern: `https://app.example.com`. */
export type OriginOf = (arrival: Arrival) => string | undefined

/** The call that the answer belongs to. */
export interface LinkedCall {
  readonly arrival: Arrival
  readonly route: Route
}

/**
 * Rewrites the URLs that an answer sends its client to. If the URL's path is an endpoint of this gateway, it becomes a URL
 * below the mount, with a sealed task id. Any other URL becomes `null`, since the client would send its credential there.
 * Every other character stays unchanged.
 *
 * @param text Well-formed JSON.
 */
export function mendLinks(text: string, call: LinkedCall, originOf: OriginOf): string {
  if (call.route.endpoint.format.id !== 'plain' || !text.includes('_url"')) return text
  return text.replace(followedMember, (_, name: string, value: string) => {
    return name + JSON.stringify(linkBelowMount(JSON.parse(value) as string, call, originOf) ?? null)
  })
}

function linkBelowMount(link: string, { arrival, route }: LinkedCall, originOf: OriginOf): string | undefined {
  const isWhole = !link.startsWith('/') || link.startsWith('//')
  const base = isWhole ? undefined : 'http://gateway'
  if (!URL.canParse(link, base)) return undefined
  const url = new URL(link, base)
  const path = endpointPathIn(url.pathname, route)
  const origin = isWhole ? originOf(arrival) : ''
  if (path === undefined || origin === undefined) return undefined
  const mount = arrival.wholePath.slice(0, arrival.wholePath.length - arrival.path.length)
  return `${origin}${mount}/v1/${path}${url.search}`
}

/** The endpoint's path in a URL, as the client must write it; `undefined` if the URL leads to no endpoint. */
function endpointPathIn(pathname: string, { gateway, task }: Route): string | undefined {
  const path = belowBase(pathname, gateway.basePath)
  const found = path === undefined ? undefined : gateway.endpoints.find(path)
  if (path === undefined || found === undefined) return undefined
  if (!found.endpoints.some((endpoint) => endpoint.task === 'asked')) return path
  const slash = path.lastIndexOf('/') + 1
  const id = path.slice(slash)
  return task === undefined || id.includes('%') ? undefined : path.slice(0, slash) + task.seal(id)
}

/** The path behind `basePath`, or behind `/v1/` in a URL of a provider behind the gateway. */
function belowBase(pathname: string, basePath: string): string | undefined {
  if (pathname.startsWith(`${basePath}/`)) return pathname.slice(basePath.length + 1)
  return /^(?:\/[\w.-]+)*?\/v1\/(.+)$/.exec(pathname)?.[1]
}
