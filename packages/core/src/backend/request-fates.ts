import { hopByHop } from '../hop-by-hop.js'
import { words } from '../lib/words.js'

/** What becomes of a request header on its way to the backend. */
export type RequestFate = 'passes' | 'goes' | 'passes from a proxy'

/** For one peer only; an expectation is met by us. */
const forOnePeer = new Set([...hopByHop.filter((name) => !name.endsWith('*')), 'expect'])

/** Said by us of every request, whatever stood there; `proxy` is what CGI makes `HTTP_PROXY` of, which clients of HTTP obey. */
const saidAnew = new Set(['host', 'content-length', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'proxy'])

/** Where a request comes from, what it asked for outside and who was recognised there: for proxies to say, and for nobody else. */
const proxysWord = new Set([
  'x-client-ip',
  'client-ip',
  'x-cluster-client-ip',
  'x-user-ip',
  'x-coming-from',
  'wl-proxy-client-ip',
  'client-cert',
  'client-cert-chain',
  'x-anonymous-consumer',
  'x-endpoint-api-userinfo',
  'x-apigateway-api-userinfo',
  'x-userinfo',
  'gap-auth',
  'x-host',
  'x-http-host-override',
  'x-proto',
  'x-scheme',
  'x-url-scheme',
  'x-https',
  'https',
  'front-end-https',
  'x-script-name',
  'script-name',
  'x-replaced-path',
  'x-sendfile-type',
])

/** By whose word they are: that of any proxy, of one that knows who signed in, or of a platform at the edge of the internet. */
const proxysFamilies = words(
  'x-forward forwarded- x-real- x-original- x-originating- x-rewrite- x-proxyuser- remote- x-remote- x-accel- x-envoy- x-arr-',
  'ssl-client- x-ssl- x-tls- x-mtls- x-client-cert x-client-verify x-client-dn x-client-subject x-client-issuer x-client-san x-client-ssl',
  'x-auth-request- x-authenticated- x-authelia- x-authentik- x-webauth- x-pomerium- x-vouch- x-consumer- x-credential- tailscale- teleport-',
  'x-goog-authenticated-user- x-goog-iap- x-amzn-oidc- x-amzn-mtls- x-amzn-tls- x-ms-client-principal x-ms-token-',
  'cf- fastly- fly- true-client- x-true-client- cloudfront- x-azure- x-fd- akamai- x-akamai- x-appengine- x-nf- do-connecting- incap-',
  'x-sucuri- x-cdn- x-vercel-forwarded- x-vercel-ip- x-vercel-proxied- x-vercel-proxy- x-vercel-oidc- x-vercel-ja x-vercel-sc-',
)

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
