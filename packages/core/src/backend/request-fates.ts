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
  'x-id-token',
  'x-grafana-user',
  'smuser',
  'eppn',
  'persistent-id',
  'targeted-id',
  'unscoped-affiliation',
])

/**
 * By whose word they are: that of any proxy, of one that knows who signed in, of a mesh that knows which service calls, or
 * of a platform at the edge of the internet.
 */
const proxysFamilies = words(
  'x-forward forwarded- x-real- x-original- x-originating- x-rewrite- x-proxyuser- remote- x-remote- x-accel- x-envoy- x-arr-',
  'ssl-client- x-ssl- x-tls- x-mtls- x-client-cert x-client-verify x-client-dn x-client-subject x-client-issuer x-client-san x-client-ssl',
  'x-auth-request- x-authenticated- x-authelia- x-authentik- x-webauth- x-pomerium- x-vouch- x-consumer- x-credential- tailscale- teleport-',
  'shib- x-shib- eduperson ngrok- x-ngrok- x-replit-user- impersonate- iv-user iv-groups iv-creds iv-remote- osso- wl-proxy-',
  'l5d- x-linkerd- x-istio- dapr-caller- x-dapr-caller x-spiffe- x-identity-provider',
  'x-goog-authenticated-user- x-goog-iap- x-amzn-oidc- x-amzn-mtls- x-amzn-tls- x-ms-client-principal x-ms-token-',
  'cf- fastly- fly- true-client- x-true-client- cloudfront- x-azure- x-fd- akamai- x-akamai- x-appengine- x-nf- do-connecting- incap-',
  'x-sucuri- x-cdn- x-vercel-forwarded- x-vercel-ip- x-vercel-proxied- x-vercel-proxy- x-vercel-oidc- x-vercel-ja x-vercel-sc-',
)

/** The same where a module of a web server writes them, which has variables in mind: in this spelling, and never otherwise. */
const asVariables = words('oidc_ mellon_ sm_ oam_ $ws')
const asVariablesPlainly = asVariables.map(plainly)

/** One of these words says it all, wherever it stands. */
const saysItself = new Set(words('authenticated oidc saml saml2 shib shibboleth mellon spiffe svid xfcc clientcert userinfo'))

/**
 * Who recognises callers, and behind it what was recognised: `X-Auth-Email`, `X-Jwt-Assertion`, `X-MS-Forwarded-Client-Cert`.
 * A name of which only the second is said is the application's own: `X-User-Id`.
 */
const vouchedFor: readonly (readonly [by: ReadonlySet<string>, what: ReadonlySet<string>])[] = [
  [
    new Set(
      words(
        'auth authn authz authorized oauth oauth2 jwt token openid sso iap ldap kerberos krb5 adfs cas verified validated trusted asserted',
        'okta auth0 keycloak zitadel cognito aad entra azuread onelogin pingaccess siteminder logged gateway proxy ingress nginx traefik',
        'haproxy apache caddy envoy istio linkerd kong tyk apigee ambassador wso2 cloudflare tailscale teleport ngrok replit gitpod coder',
        'netlify render vercel grafana dapr',
      ),
    ),
    new Set(
      words(
        'user users userid username useremail usergroups uid upn login email mail sub subject group groups role roles scope scopes',
        'identity principal claim claims entitlements',
      ),
    ),
  ],
  [new Set(['jwt']), new Set(['assertion', 'payload'])],
  [new Set(words('client ssl tls mtls peer forwarded')), new Set(words('cert certs certificate certificates dn'))],
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
    if (begins(name, asVariablesPlainly)) return begins(lowerCase, asVariables) ? 'passes from a proxy' : 'goes'
    if (!proxysWord.has(name) && !begins(name, proxysFamilies) && !saysWhoCalls(name)) return 'passes'
    return name === lowerCase ? 'passes from a proxy' : 'goes'
  }
}

function begins(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}

/** Linear: names come from anybody. */
function saysWhoCalls(name: string): boolean {
  const parts = name.split('-')
  if (parts.some((part) => saysItself.has(part))) return true
  return vouchedFor.some(([by, what]) => {
    const first = parts.findIndex((part) => by.has(part))
    // "User" in `User-Agent` names a program and no person.
    return first !== -1 && parts.some((part, index) => index > first && what.has(part) && parts[index + 1] !== 'agent')
  })
}

/** As servers see it that hand headers on as variables; a name that is one already, `HTTP_REMOTE_USER`, is taken for what it would be. */
export function plainly(lowerCase: string): string {
  return lowerCase.replaceAll(/[^a-z0-9]/g, '-').replace(/^(?:http-)+/, '')
}
