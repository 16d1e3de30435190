import { createValueEditor } from '../lib/json-members.js'
import type { Arrival } from '@postern/ports'
import { sealPath } from '../objects/seal-path.js'
import type { Route } from '../resolve/route.js'

/**
 * Members with a URL that clients request next, with their credential for Postern: the results of a batch (Anthropic's
 * client requests that URL unchanged), or the state or the end of an object that is being made.
 */
const followed = new Set(['results_url', 'poll_url', 'polling_url', 'status_url', 'response_url', 'cancel_url'])

const editFollowed = createValueEditor(followed)

/** Maximum length of a URL that is read, in characters as written; a longer one becomes `null`. */
const maxLinkChars = 2048

/** Maximum number of URLs of one answer that are read: a list of batches has at most a thousand. */
const maxLinks = 1000

/** Returns the origin under which the client reaches Postern: `https://app.example.com`. */
export type OriginOf = (arrival: Arrival) => string | undefined

/** The call that the answer belongs to. */
export interface LinkedCall {
  readonly arrival: Arrival
  readonly route: Route
}

/**
 * Rewrites the URLs that an answer tells its client to request next. If the path is an endpoint of this gateway, the URL
 * becomes one below the mount, with the sealed id of the object that it names. Any other URL becomes `null`, because the client
 * would send its credential there; so do URLs that are too long or too many, that have a character that no URL has, or a scheme
 * other than `http` and `https`; and lists and objects. All other characters stay.
 *
 * @param text Well-formed JSON.
 */
export function mendLinks(text: string, call: LinkedCall, originOf: OriginOf): string {
  if (call.route.endpoint.format.id !== 'plain') return text
  let links = 0
  return editFollowed(text, (written) => {
    if (!written.startsWith('"')) return leadsNowhere.test(written) ? undefined : 'null'
    links += 1
    if (links > maxLinks || written.length > maxLinkChars) return 'null'
    return JSON.stringify(linkBelowMount(JSON.parse(written) as string, call, originOf) ?? null)
  })
}

/** JSON that holds no URL: a number, `true`, `false` or `null`. A list or an object may: a client could read its entries as URLs. */
const leadsNowhere = /^[^[{]/

function linkBelowMount(link: string, { arrival, route }: LinkedCall, originOf: OriginOf): string | undefined {
  if (noLink.test(link)) return undefined
  const isWhole = !link.startsWith('/') || link.startsWith('//')
  const base = isWhole ? undefined : 'http://gateway'
  if (!URL.canParse(link, base)) return undefined
  const url = new URL(link, base)
  if (!/^https?:$/.test(url.protocol)) return undefined
  const path = endpointPathIn(url.pathname, route)
  const origin = isWhole ? originOf(arrival) : ''
  if (path === undefined || origin === undefined) return undefined
  const mount = arrival.wholePath.slice(0, arrival.wholePath.length - arrival.path.length)
  return `${origin}${mount}/v1/${path}${url.search}`
}

/**
 * Characters that `URL` removes or exchanges and that no URL has: control characters, blanks, what is not seen, and backslashes. A key
 * with one of them inside would leave the URL in one piece.
 */
const noLink = /[\p{C}\p{Z}\\]/u

/** The endpoint's path in a URL, as the client must write it; `undefined` if the URL leads to no endpoint. */
function endpointPathIn(pathname: string, { gateway, object }: Route): string | undefined {
  const path = belowBase(pathname, gateway.basePath)
  const found = path === undefined ? undefined : gateway.endpoints.find(path)
  return path === undefined || found === undefined ? undefined : sealPath(path, found, object)
}

/** The path behind `basePath`, or behind `/v1/` in a URL of a provider behind the gateway. */
function belowBase(pathname: string, basePath: string): string | undefined {
  if (pathname.startsWith(`${basePath}/`)) return pathname.slice(basePath.length + 1)
  const version = pathname.indexOf('/v1/')
  const path = pathname.slice(version + '/v1/'.length)
  return version === -1 || path === '' || !plainPath.test(pathname.slice(0, version)) ? undefined : path
}

const plainPath = /^(?:\/[\w.-]+)*$/
