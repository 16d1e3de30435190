import { words } from '@postern/gateways'
import { hopByHop } from '@postern/protocol'

/**
 * What to do with a request header on the way to the backend. `forward-if-from-proxy`: forward it if the peer is a trusted proxy, otherwise drop it.
 */
export type HeaderRule = 'forward' | 'drop' | 'forward-if-from-proxy'

/** Hop-by-hop headers; and `Expect`, which Postern answers itself. The pattern `proxy-*` among them is a prefix in {@link classifyHeader}. */
const forOnePeer = new Set([...hopByHop, 'expect'])

/**
 * Headers that Postern writes itself for every request. And `Proxy`, which under CGI becomes the variable `HTTP_PROXY` that
 * HTTP clients obey (httpoxy): it is only dropped.
 */
const writtenAnew = new Set(['host', 'content-length', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'proxy'])

/**
 * Headers in which only a proxy may say where a request comes from, which URL the client asked for, or who signed in, if neither
 * the prefixes nor the words below cover them.
 */
const proxyHeaders = new Set([
  'x-client-ip',
  'client-ip',
  'x-archived-client-ip',
  'x-custom-ip-authorization',
  'x-cluster-client-ip',
  'x-user-ip',
  'x-coming-from',
  'x-anonymous-consumer',
  'gap-auth',
  'x-host',
  'x-custom-host',
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
  'x-proxycontextpath',
  'x-matched-path',
  'disguised-host',
  'was-default-hostname',
  'x-sendfile-type',
  'x-id-token',
  'x-grafana-id',
  'x-identity-status',
  'x-odoo-dbfilter',
  'x-api-roles',
  'smuser',
  'eppn',
  'persistent-id',
  'targeted-id',
  'unscoped-affiliation',
])

/**
 * Prefixes of such headers. In order: of proxies in general, of proxies that authenticate users, of service meshes, of cloud
 * and CDN platforms, of platforms that run functions and applications, of API gateways and marketplaces, of platforms for
 * data and notebooks, and of homes and desks that applications are installed in.
 *
 * Where a platform has its clients send headers of its name too, such as `X-RapidAPI-Key`, only what it writes itself is here.
 */
const proxyPrefixes = words(
  'x-forward forwarded- x-real- x-original- x-originating- x-rewrite- x-proxyuser- remote- x-remote- x-accel- x-envoy- x-arr-',
  'ssl-client- x-ssl- x-tls- x-mtls- x-client-cert x-client-verify x-client-dn x-client-subject x-client-issuer x-client-san x-client-ssl',
  'x-auth-request- x-authenticated- x-authelia- x-authentik- x-webauth- x-pomerium- x-vouch- x-consumer- x-credential- tailscale- teleport-',
  'shib- x-shib- eduperson ngrok- x-ngrok- x-replit-user- impersonate- iv-user iv-groups iv-creds iv-remote- osso- wl-proxy-',
  'l5d- x-linkerd- x-istio- dapr-caller- x-dapr-caller x-spiffe- x-identity-provider',
  'x-goog-authenticated-user- x-goog-iap- x-amzn-oidc- x-amzn-mtls- x-amzn-tls- x-ms-client-principal x-ms-token-',
  'cf- fastly- fly- true-client- x-true-client- cloudfront- x-azure- x-fd- akamai- x-akamai- x-appengine- x-nf- do-connecting- incap-',
  'x-sucuri- x-cdn- x-vercel-forwarded- x-vercel-ip- x-vercel-proxied- x-vercel-proxy- x-vercel-oidc- x-vercel-ja x-vercel-sc-',
  'eo-client- eo-connecting- ali-cdn- oci-subject- authelia- authentik- webauth- x-clerk-auth-',
  'x-apigateway- x-amzn-apigateway- x-amzn-request-context x-amzn-requestcontext x-amzn-lambda- x-amzn-ava- x-amzn-lattice-',
  'x-appservice- x-waws- x-ms-original- x-site-deployment- x-k8se- x-cf-forwarded- x-cf-proxy- x-broker-api-originating-',
  'x-fc-access- x-fc-account- x-fc-security- x-scf- x-cff- x-zc- x-wx-openid x-wx-unionid x-wx-from- x-wx-appid x-wx-source',
  'x-tt-openid x-tt-unionid x-middleware-subrequest x-invoke- x-now-route- gitlab-workhorse- argocd-user argocd-target-',
  'x-endpoint-api- x-3scale- x-mashery- x-api-umbrella- x-rapidapi-user x-rapidapi-subscription x-rapidapi-forwarded- x-mashape-user',
  'x-mashape-subscription x-rh-identity x-sap-webdisp- x-jfrog-override- x-artifactory-override-',
  'kubeflow- x-streamlit-user x-rstudio- rstudio-connect- posit-connect- x-rsc-request shiny-server- x-sp-user sf-context- domino-user',
  'plotly-user- x-qlik-user x-openwebui-user-',
  'x-sandstorm- x-hass x-ingress- x-supervisor- x-exedev- x-cosmos- x-appwrite-user- x-appwrite-trigger x-appwrite-event',
  'x-appwrite-execution- x-appwrite-client-ip x-appwrite-country- x-appwrite-continent-',
)

/** Prefixes of headers that modules of web servers write, spelled like variables. Only this exact spelling is a proxy's. */
const asVariables = words('oidc_ mellon_ sm_ oam_ ynh_ ajp_ x-agw- $ws')
const asVariablesPlainly = asVariables.map(hyphenate)

/** A name that has one of these words anywhere says who calls. */
const saysItself = new Set(words('authenticated oidc saml saml2 shib shibboleth mellon spiffe svid xfcc clientcert userinfo'))

/**
 * A name says who calls if a word of `by` (what authenticates) comes before a word of `what` (what it found out):
 * `X-Auth-Email`, `X-Jwt-Assertion`, `X-MS-Forwarded-Client-Cert`. With a word of `what` alone, such as `X-User-Id`, it
 * is the application's own.
 */
const vouchedFor: readonly (readonly [by: ReadonlySet<string>, what: ReadonlySet<string>])[] = [
  [
    new Set(
      words(
        'auth authn authz authorized oauth oauth2 jwt token openid sso iap ldap kerberos krb5 adfs cas verified validated trusted asserted',
        'okta auth0 keycloak zitadel cognito aad entra azuread onelogin pingaccess siteminder logged gateway proxy ingress nginx traefik',
        'haproxy apache caddy envoy istio linkerd kong tyk apigee ambassador wso2 cloudflare tailscale teleport ngrok replit gitpod coder',
        'netlify render vercel grafana dapr dex ory oathkeeper kubernetes kubeflow openshift rancher databricks streamlit snowflake',
        'jupyterhub shinyproxy dataiku sandstorm yunohost cloudron apisix apim gravitee mulesoft workos fusionauth casdoor authing',
      ),
    ),
    new Set(
      words(
        'user users userid username useremail usergroups uid upn login email mail sub subject group groups role roles scope scopes',
        'identity principal claim claims entitlements',
      ),
    ),
  ],
  [new Set(words('auth sso oauth oauth2')), new Set(words('name fullname firstname lastname givenname surname displayname'))],
  [new Set(['jwt']), new Set(['assertion', 'payload'])],
  [new Set(words('client ssl tls mtls peer forwarded')), new Set(words('cert certs certificate certificates dn'))],
]

/**
 * Makes the function that decides the {@link HeaderRule} of a header by its lower-case name. A name that begins with Postern's own is
 * dropped, whether or not anything is configured that writes such a header: a backend may believe it all the same.
 *
 * Every character that is not a letter or digit counts as `-`: for servers that turn headers into variables (RFC 3875,
 * 4.1.18), `X_Forwarded_For` and `X-Forwarded-For` are the same. A trusted proxy overwrites only the usual spelling, so
 * another spelling may come from the client: it is dropped even from a proxy.
 *
 * @param ours Further headers that only Postern may send.
 */
export function classifyHeader(ours: readonly string[]): (lowerCase: string) => HeaderRule {
  const anew = new Set([...writtenAnew, ...ours.map((name) => hyphenate(name.toLowerCase()))])
  return (lowerCase) => {
    const name = hyphenate(lowerCase)
    if (forOnePeer.has(name) || anew.has(name) || name.startsWith('proxy-') || inOurName.test(name)) return 'drop'
    if (begins(name, asVariablesPlainly)) return begins(lowerCase, asVariables) ? 'forward-if-from-proxy' : 'drop'
    if (!proxyHeaders.has(name) && !begins(name, proxyPrefixes) && !saysWhoCalls(name)) return 'forward'
    return name === lowerCase ? 'forward-if-from-proxy' : 'drop'
  }
}

/** Also what no version of Postern writes yet. */
const inOurName = /^postern(?:-|$)/

function begins(name: string, beginnings: readonly string[]): boolean {
  return beginnings.some((beginning) => name.startsWith(beginning))
}

/** Takes time linear in the name's length, since clients choose names. */
function saysWhoCalls(name: string): boolean {
  const parts = name.split('-')
  if (parts.some((part) => saysItself.has(part))) return true
  return vouchedFor.some(([by, what]) => {
    const first = parts.findIndex((part) => by.has(part))
    // `user` before `agent`, as in `User-Agent`, names a program, not a person.
    return first !== -1 && parts.some((part, index) => index > first && what.has(part) && parts[index + 1] !== 'agent')
  })
}

/**
 * A name as CGI and WSGI servers see it, hyphenated. A leading `HTTP_` is removed: the name `HTTP_REMOTE_USER` is meant to
 * be taken for the variable of `Remote-User`.
 */
export function hyphenate(lowerCase: string): string {
  return lowerCase.replaceAll(/[^a-z0-9]/g, '-').replace(/^(?:http-)+/, '')
}
