import { hopByHop } from '../hop-by-hop.js'

/** What becomes of a request header on its way to the backend. */
export type RequestFate = 'passes' | 'goes' | 'passes from a proxy'

/** For one peer only; an expectation is met by us. */
const forOnePeer = new Set([...hopByHop.filter((name) => !name.endsWith('*')), 'expect'])

/** Said by us of every request, whatever stood there; `proxy` is what CGI makes `HTTP_PROXY` of, which clients of HTTP obey. */
const saidAnew = new Set(['host', 'content-length', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'proxy'])

/** Where a request comes from, what it asked for outside and who was recognised there: for proxies to say, and for nobody else. */
const proxysWord = new Set([
  'x-real-ip',
  'x-real-port',
  'x-client-ip',
  'client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'x-true-client-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-remote-user',
  'remote-addr',
  'remote-user',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-proxyuser-ip',
  'wl-proxy-client-ip',
  'x-host',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
])
const proxysFamilies = [
  'x-forward',
  'forwarded-',
  'x-original-',
  'x-originating-',
  'x-rewrite-',
  'cf-',
  'x-envoy-',
  'x-arr-',
  'x-ssl-',
  'ssl-client-',
  'x-client-cert',
  'x-client-verify',
  'x-auth-request-',
]

/**
 * Decides what becomes of a request header, given in any spelling.
 *
 * Whatever is no letter or digit counts as `-`: to servers that hand headers on as variables (RFC 3875, 4.1.18)
 * `X_Forwarded_For` and `X-Forwarded-For` are one. A proxy watches the name that it writes itself, so another
 * spelling is never its word.
 *
 * @param ours Further headers that we alone say.
 */
export function decideFates(ours: readonly string[]): (lowerCase: string) => RequestFate {
  const anew = new Set([...saidAnew, ...ours.map((name) => plainly(name.toLowerCase()))])
  return (lowerCase) => {
    const name = plainly(lowerCase)
    if (forOnePeer.has(name) || anew.has(name) || name.startsWith('proxy-')) return 'goes'
    if (!proxysWord.has(name) && !proxysFamilies.some((beginning) => name.startsWith(beginning))) return 'passes'
    return name === lowerCase ? 'passes from a proxy' : 'goes'
  }
}

function plainly(lowerCase: string): string {
  return lowerCase.replaceAll(/[^a-z0-9]/g, '-')
}
