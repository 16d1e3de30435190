import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LenientUpstream, plainly, readLeniently, startLenientUpstream, valuesOf } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { type RawAnswer, rawConnection } from '../support/raw-connection.js'

let backend: LenientUpstream
beforeAll(async () => {
  backend = await startLenientUpstream()
})
afterAll(() => backend.close())
beforeEach(() => void backend.take())

const seen = () => backend.take().flatMap((bytes) => readLeniently(bytes).chunks)

function openWith(trustedProxies: readonly string[]): () => OpenSidecar {
  let sidecar: OpenSidecar
  beforeAll(async () => {
    sidecar = await openSidecar({ backend: backend.origin, trustedProxies })
  })
  afterAll(() => sidecar.close())
  return () => sidecar
}

const send = (to: OpenSidecar, ...lines: string[]): Promise<RawAnswer> => rawConnection(to.origin, `${lines.join('\r\n')}\r\n\r\n`)

/** Written by proxies, and believed by some backend or other. */
const proxysWord = [
  'X-Forwarded-Port: 8443',
  'X-Forwarded-Prefix: /shop',
  'X-Forwarded-User: ada',
  'X-Forwarded-Client-Cert: Hash=1',
  'X-Real-IP: 203.0.113.7',
  'X-Client-IP: 203.0.113.7',
  'True-Client-IP: 203.0.113.7',
  'CF-Connecting-IP: 203.0.113.7',
  'X-Original-URL: /admin',
  'X-Original-Method: DELETE',
  'X-Rewrite-URL: /admin',
  'X-Auth-Request-User: ada',
  'Front-End-Https: yes',
  ...[
    [
      'Remote-User',
      'Remote-Email',
      'Remote-Groups',
      'Remote-Name',
      'X-Remote-User',
      'X-Remote-Extra-Scopes',
      'X-WebAuth-User',
      'X-Userinfo',
    ],
    ['X-Goog-Authenticated-User-Email', 'X-Goog-IAP-JWT-Assertion', 'X-Amzn-Oidc-Identity', 'X-Amzn-Oidc-Data', 'X-Amzn-Mtls-Clientcert'],
    ['X-MS-Client-Principal', 'X-MS-Client-Principal-Name', 'X-MS-Token-AAD-Id-Token', 'X-Azure-FDID', 'X-Azure-ClientIP'],
    ['X-Authentik-Username', 'X-Authenticated-User', 'X-Authelia-Email', 'Tailscale-User-Login', 'X-Pomerium-Claim-Email', 'X-Vouch-User'],
    [
      'X-Consumer-Username',
      'X-Consumer-Custom-ID',
      'X-Credential-Identifier',
      'X-Anonymous-Consumer',
      'X-Client-Dn',
      'X-Client-Subject-CN',
    ],
    ['X-Client-Certificate', 'Client-Cert', 'X-Appengine-User-Email', 'X-Appengine-Cron', 'X-Vercel-Forwarded-For', 'X-Vercel-IP-Country'],
    ['X-Nf-Client-Connection-Ip', 'Do-Connecting-Ip', 'Incap-Client-Ip', 'X-Sucuri-ClientIP', 'X-Cdn-Src-Ip', 'X-Coming-From', 'X-User-Ip'],
    [
      'Fastly-Client-IP',
      'Fly-Client-IP',
      'CloudFront-Viewer-Address',
      'X-Akamai-Edgescape',
      'X-Script-Name',
      'Script-Name',
      'X-Replaced-Path',
    ],
    ['X-Proto', 'X-Https', 'Https', 'X-Http-Host-Override', 'X-Sendfile-Type', 'X-Accel-Mapping', 'X-Accel-Redirect'],
    ['Shib-Session-ID', 'Shib-Identity-Provider', 'X-Shib-User', 'eppn', 'persistent-id', 'eduPersonPrincipalName', 'iv-user', 'iv-groups'],
    ['X-Auth-User', 'X-Auth-Email', 'X-Auth-Username', 'X-Auth-UserId', 'X-Auth-Groups', 'X-Auth-Roles', 'X-OAuth-User', 'X-OAuth2-Email'],
    ['X-Jwt-Assertion', 'X-JWT-Payload', 'X-Jwt-Claim-Sub', 'Jwt-Claims', 'X-Token-Subject', 'X-Token-Claims', 'X-Id-Token', 'X-OIDC-User'],
    [
      'X-SAML-User',
      'X-SSO-User',
      'SSO-User',
      'X-SSO-Email',
      'X-Okta-User',
      'X-Auth0-Sub',
      'X-Keycloak-Roles',
      'X-Zitadel-User',
      'X-IAP-Email',
    ],
    [
      'X-Gateway-User',
      'X-Nginx-User',
      'X-Traefik-User',
      'X-HAProxy-User',
      'X-Proxy-User',
      'X-Proxy-Role',
      'X-Cloudflare-User',
      'X-Coder-User',
    ],
    [
      'X-Replit-User-Id',
      'X-Replit-User-Roles',
      'Ngrok-Auth-User-Email',
      'X-Ngrok-Auth',
      'X-Tailscale-User',
      'X-Gitpod-User',
      'X-Grafana-User',
    ],
    [
      'L5d-Client-Id',
      'X-Linkerd-Client-Id',
      'X-Spiffe-Id',
      'X-Istio-Attributes',
      'Dapr-Caller-App-Id',
      'Dapr-Caller-Namespace',
      'X-Dapr-Caller',
    ],
    ['Impersonate-User', 'Impersonate-Group', 'Impersonate-Extra-Scopes', 'X-Verified-Email', 'X-Logged-In-User', 'X-Is-Authenticated'],
    ['X-Apigateway-Event', 'X-Apigateway-Context', 'X-Amzn-Request-Context', 'X-Amzn-Lambda-Context', 'X-Amzn-Ava-User-Context'],
    ['X-Amzn-Lattice-Identity', 'X-Endpoint-API-Consumer-Number', 'X-Endpoint-API-UserInfo', 'X-Apigateway-Api-Userinfo'],
    ['Kubeflow-Userid', 'Kubeflow-Groups', 'X-Sandstorm-User-Id', 'X-Sandstorm-Username', 'X-Sandstorm-Permissions', 'X-Dex-User'],
    ['X-RStudio-Username', 'RStudio-Connect-Credentials', 'Posit-Connect-User-Session-Token', 'Shiny-Server-Credentials', 'X-SP-UserId'],
    [
      'Sf-Context-Current-User',
      'X-Streamlit-User',
      'Domino-Username',
      'Plotly-User-Data',
      'X-OpenWebUI-User-Email',
      'X-Qlik-User',
      'X-AGW-client_id',
    ],
    ['X-Hass-Source', 'X-Ingress-Path', 'X-WX-OPENID', 'X-WX-UNIONID', 'X-TT-OPENID', 'X-ZC-User-Type', 'Oci-Subject-Id', 'X-Scf-Uin'],
    ['X-RH-Identity', 'X-RapidAPI-User', 'X-RapidAPI-Subscription', 'X-Mashape-User', 'X-Mashery-Oauth-User-Context', 'X-3scale-Secret'],
    ['Argocd-Username', 'Argocd-User-Groups', 'X-Broker-API-Originating-Identity', 'X-CF-Forwarded-Url', 'Gitlab-Workhorse-Api-Request'],
    ['X-Middleware-Subrequest', 'X-Invoke-Path', 'X-Matched-Path', 'X-Clerk-Auth-Status', 'X-AppService-Proto', 'Disguised-Host'],
    ['X-Ory-Subject', 'X-Openshift-User', 'X-Kubernetes-Groups', 'X-Databricks-User', 'X-Auth-Name', 'X-Auth-Given-Name', 'Webauth-User'],
    ['X-MS-Forwarded-Client-Cert', 'X-Client-S-Dn', 'X-Peer-Certificate', 'XFCC', 'X-TLS-Client-Cert', 'WL-Proxy-Client-Cert', '$WSRU'],
  ].flatMap((names) => names.map((name) => `${name}: said-by-a-proxy`)),
]

/** Written with underscores by modules of web servers, which watch that spelling. */
const variables = [
  'OIDC_CLAIM_sub',
  'OIDC_CLAIM_email',
  'OIDC_access_token',
  'OIDC_id_token',
  'Mellon_user',
  'MELLON_uid',
  'SM_USER',
  'OAM_REMOTE_USER',
  'YNH_USER',
  'YNH_USER_EMAIL',
  'AJP_REMOTE_USER',
].map((name) => `${name}: said-by-a-proxy`)
const variablesRespelled = variables.map((line) => line.replace('_', '-'))

/** The same in a spelling that is the same to CGI, where a name has one. */
const respelled = proxysWord.filter((line) => line.split(':', 1)[0]?.includes('-')).map((line) => line.replace('-', '_'))

describe('what-the-backend-is-told', () => {
  describe('by a client', () => {
    const sidecar = openWith(['10.0.0.0/8'])

    test.each([
      ...proxysWord,
      ...respelled,
      ...variables,
      ...variablesRespelled,
      'X.Real.IP: 203.0.113.7',
      'X.Auth.User: ada',
      'x-auth_EMAIL: ada',
      'X~Jwt~Assertion: ada',
      'oidc.claim.sub: ada',
      'Http-Remote-User: ada',
      'HTTP_X_FORWARDED_FOR: 203.0.113.7',
      'HTTP_HTTP_X_AUTH_USER: ada',
      'Proxy: http://evil.example',
      'Proxy_Authorization: Basic x',
      'Keep_Alive: timeout=5',
      'Proxy_Connection: close',
      'Postern-Identity: said-by-a-proxy',
      'POSTERN_IDENTITY: said-by-a-proxy',
      'Postern.Identity: said-by-a-proxy',
      'postern~act-as: said-by-a-proxy',
      'HTTP_POSTERN_GOVERNANCE: said-by-a-proxy',
      'Postern-Something-New: said-by-a-proxy',
      'Postern: said-by-a-proxy',
    ])('nothing that only a proxy says: %s', async (line) => {
      expect((await send(sidecar(), 'GET /x HTTP/1.1', 'Host: app.example.com', line)).statuses).toEqual([200])
      const name = plainly(line.slice(0, line.indexOf(':')).replaceAll('.', '-'))
      const reached = seen()
      expect(reached.flatMap(({ fields }) => fields.map(([spelled]) => plainly(spelled.replaceAll('.', '-'))))).not.toContain(name)
      expect(JSON.stringify(reached)).not.toMatch(/said-by-a-proxy|203\.0\.113\.7/)
    })

    test.each([
      'X-User-Id: 7',
      'X-Requested-With: XMLHttpRequest',
      'X-HTTP-Method-Override: PUT',
      'X-CSRF-Token: 1',
      'X-XSRF-TOKEN: 1',
      'X-Api-Version: 2',
      'X-Auth-Token: 1',
      'X-Access-Token: 1',
      'X-Refresh-Token: 1',
      'X-Session-Token: 1',
      'X-Subject-Token: 1',
      'X-Auth-Key: 1',
      'X-API-Key: 1',
      'X-Amz-Security-Token: 1',
      'X-GitHub-Token: 1',
      'X-Hub-Signature-256: 1',
      'X-JWT: 1',
      'X-User-Token: 1',
      'X-User-Email: ada@example.com',
      'X-User-Agent: me',
      'X-Device-User-Agent: me',
      'X-Goog-Api-User-Agent: me',
      'X-Gateway-User-Agent: me',
      'X-Client-Id: 1',
      'X-Client-Name: web',
      'X-Client-Fingerprint: 1',
      'X-Hasura-Role: editor',
      'X-Scope-OrgID: 1',
      'X-Tenant-Id: 1',
      'X-Claim-Number: 1',
      'X-Group-Id: 1',
      'X-App-Attest-Assertion: 1',
      'X-Amz-Date: today',
      'X-Shopify-Topic: orders',
      'X-Author-Email: 1',
      'X-Smart-User: 1',
      'X-Token-Name: 1',
      'X-Middleware-Prefetch: 1',
      'X-RapidAPI-Key: 1',
      'X-IBM-Client-Id: 1',
      'X-Gravitee-Api-Key: 1',
      'X-Amz-Client-Context: 1',
      'X-Amzn-RequestId: 1',
      'X-Cf-App-Instance: 1',
      'X-WX-SERVICE: 1',
      'X-Grafana-Org-Id: 1',
      'X-Zoho-User-Id: 1',
      'OpenID-Connect: 1',
      'HTTP-Referer: https://app.example.com',
      'Webhook-Signature: 1',
      'Idempotency-Key: 1',
      'If-Match: "1"',
      'X-Client-Data: Chrome',
      'X-Client-Version: 7',
      'X-Ms-Date: today',
      'X-Goog-Api-Key: 1',
      'X-Amzn-Trace-Id: Root=1',
      'X-Vercel-Protection-Bypass: 1',
      'Authorization: Bearer x',
      'Cookie: a=b',
      'CDN-Loop: cdn.example',
      'Sec-Fetch-Site: same-origin',
      'My_Own: 1',
    ])('what an application has its pages say: %s', async (line) => {
      await send(sidecar(), 'GET /x HTTP/1.1', 'Host: app.example.com', line)
      expect(seen()[0]?.fields.map(([name, value]) => `${name}: ${value}`)).toContain(line)
    })

    test.each([
      ['no host', ['GET /x HTTP/1.1']],
      ['two hosts that are the same', ['GET /x HTTP/1.1', 'Host: a', 'Host: a']],
      ['a list of hosts', ['GET /x HTTP/1.1', 'Host: a, b']],
      ['a host with a path', ['GET /x HTTP/1.1', 'Host: a/b']],
      ['a host with a user', ['GET /x HTTP/1.1', 'Host: a@b']],
      ['a URL of another host', ['GET http://b/x HTTP/1.1', 'Host: a']],
      ['a URL with a user', ['GET http://u@a/x HTTP/1.1', 'Host: a']],
      ['a URL and no host', ['GET http://a/x HTTP/1.0']],
      ['a URL of another scheme', ['GET ftp://a/x HTTP/1.1', 'Host: a']],
      ['everything, and not by OPTIONS', ['GET * HTTP/1.1', 'Host: a']],
    ])('%s is 400 with an id', async (_, lines) => {
      const { statuses, text } = await send(sidecar(), ...lines)
      expect(statuses).toEqual([400])
      expect(text).toMatch(/^X-Request-ID: \S+\r$/m)
      expect(seen()).toEqual([])
    })

    test.each([
      [
        'a URL of the host that is asked',
        ['GET http://App.example.com:80/x?y HTTP/1.1', 'Host: app.example.com'],
        '/x?y',
        'app.example.com',
      ],
      ['a URL without a path', ['GET http://a?y HTTP/1.1', 'Host: a'], '/?y', 'a'],
      ['OPTIONS of everything', ['OPTIONS * HTTP/1.1', 'Host: a'], '*', 'a'],
    ])('%s is passed on in one form', async (_, lines, target, host) => {
      expect((await send(sidecar(), ...lines)).statuses).toEqual([200])
      expect(seen().map((request) => [request.target, valuesOf(request, 'host')])).toEqual([[target, [host]]])
    })

    test('a URL of the host that is asked leads to the API as its path does', async () => {
      const { text } = await send(sidecar(), 'GET http://a/ai/v1/models HTTP/1.1', 'Host: a')
      expect(text).toMatch(/^Postern-Refusal: caller_missing\r$/m)
      expect(seen()).toEqual([])
    })

    test('the backend’s own name, where HTTP/1.0 names no host', async () => {
      expect((await send(sidecar(), 'GET /x HTTP/1.0')).statuses).toEqual([200])
      expect(seen().map((request) => valuesOf(request, 'host'))).toEqual([[new URL(backend.origin).host]])
    })

    test.each(['POST', 'PUT', 'PATCH', 'PROPFIND', 'DELETE', 'OPTIONS'])('that %s without a body has none', async (method) => {
      expect((await send(sidecar(), `${method} /x HTTP/1.1`, 'Host: a')).statuses).toEqual([200])
      const [request] = seen()
      expect(valuesOf(request as NonNullable<typeof request>, 'transfer-encoding')).toEqual([])
      expect(valuesOf(request as NonNullable<typeof request>, 'content-length')).toEqual(method.startsWith('P') ? ['0'] : [])
    })
  })

  describe('by a trusted proxy', () => {
    const sidecar = openWith(['127.0.0.0/8'])

    test.each([...proxysWord, ...variables])('what it says: %s', async (line) => {
      await send(sidecar(), 'GET /x HTTP/1.1', 'Host: app.example.com', line)
      expect(seen()[0]?.fields.map(([name, value]) => `${name}: ${value}`)).toContain(line)
    })

    test.each([...respelled, ...variablesRespelled])('nothing in a spelling that it does not watch: %s', async (line) => {
      await send(sidecar(), 'GET /x HTTP/1.1', 'Host: app.example.com', line)
      expect(JSON.stringify(seen()[0]?.fields)).not.toContain(line.slice(line.indexOf(':') + 2))
    })

    test('Forwarded grows by the proxy', async () => {
      await send(sidecar(), 'GET /x HTTP/1.1', 'Host: a', 'Forwarded: for=203.0.113.7;proto=https')
      expect(valuesOf(seen()[0] as NonNullable<ReturnType<typeof seen>[0]>, 'forwarded')).toEqual([
        'for=203.0.113.7;proto=https, for=127.0.0.1',
      ])
    })
  })
})
