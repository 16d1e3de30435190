import { hopByHop } from '@postern/protocol'
import {
  holdsHeaders,
  isApiKeyHeader,
  isKeyHeader,
  isKeyParameter,
  keyHeaders,
  keyNameOf,
  neverPassed,
  squashName,
  steersInBody,
  steersInQuery,
} from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import { steering, tracing } from '../support/headers-for-gateways.js'
import { namesOfKeys } from '../support/names-of-keys.js'

const all = (names: readonly string[], is: (name: string) => unknown, wanted: unknown): void => {
  expect(names.map((name) => `${name}: ${String(is(name))}`)).toEqual(names.map((name) => `${name}: ${String(wanted)}`))
}

describe('the name of a key', () => {
  /** One name for each ending, each owner and each word. */
  const endings = [
    [
      'x_api_key',
      'my-api-keys',
      'api_token',
      'apiSecret',
      'access_key',
      'accessKeyId',
      'access-token',
      'auth_key',
      'authToken',
      'auth_header',
    ],
    [
      'bearer_token',
      'session_token',
      'security_token',
      'refresh_token',
      'sas_token',
      'ad_token',
      'identity_token',
      'web_token',
      'oauth_token',
    ],
    ['oauth2_token', 'secret_key', 'secret_access_key', 'secret_token', 'private_key', 'master_key', 'virtual_key', 'subscription_key'],
    [
      'signing_key',
      'provider_key',
      'gateway_key',
      'client_secret',
      'app_secret',
      'shared_secret',
      'authorization',
      'credential',
      'credentials',
    ],
    ['password', 'passwd', 'passphrase', 'connection_string', 'service_account', 'service_account_json', 'service_account_key'],
    ['service_account_info', 'my_authorization'],
  ].flat()
  const owned = [
    [
      'openai_key',
      'azure_keys',
      'vertex_token',
      'claude_secret',
      'groq_jwt',
      'user_pat',
      'team_auth',
      'tenant_creds',
      'mistral_key',
      'grok_key',
    ],
    ['github_token', 'service_key', 'llm_key', 'vendor_token', 'x_openrouter_key', 'deepseek-key', 'client_token', 'my_user_key'],
  ].flat()
  const alone = ['token', 'auth', 'secret', 'bearer', 'jwt', 'pat', 'id_token', 'pass', 'pwd', 'creds', 'byok', 'x-token', 'X-Auth']
  const none = [
    [
      'api',
      'keys_of',
      'tokens',
      'max_tokens',
      'authors',
      'key_id',
      'password_hint',
      'credential_name',
      'tokenizer',
      'secretary',
      'my_token',
    ],
    [
      'yx_token',
      'monkey',
      'passport',
      'authorizations',
      'compass',
      'apikeyx',
      'userkeyed',
      'connectionstrings',
      'xx_secret',
      'a_user',
      'hf',
    ],
  ].flat()

  test('is certain where its ending says so, whoever’s it is', () => {
    const unlessAlone = namesOfKeys.filter((name) => !alone.map(squashName).includes(squashName(name)) && squashName(name) !== 'xauthtoken')
    all([...endings, ...owned, ...unlessAlone], (name) => keyNameOf(squashName(name)), 'certain')
  })

  test('is possible where it is one word', () => {
    all(alone, (name) => keyNameOf(squashName(name)), 'possible')
  })

  test('means a key at the top of a body alone where it is just "key"', () => {
    all(['key', 'keys', 'x_key', 'X-Keys'], (name) => keyNameOf(squashName(name)), 'on top')
  })

  test('is none of these in any other word', () => {
    all([...none, 'xxkey', 'key2', 'keyss'], (name) => keyNameOf(squashName(name)), undefined)
  })

  test('is that of a header, but for the one in which callers say who they are', () => {
    all(
      [...endings, ...owned, ...alone, 'key', 'X-Keys'].filter((name) => name !== 'authorization'),
      isKeyHeader,
      true,
    )
    all([...none, 'Authorization', 'authorization', 'code', 'sig', 'X-Signature'], isKeyHeader, false)
  })

  test('is that of a header that can only hold an API key', () => {
    all([...keyHeaders, 'X-Authorization', 'My-Provider-Key', 'gateway_key', 'x-openai-api-key'], isApiKeyHeader, true)
    all(
      [
        'Authorization',
        'X-My-Authorization',
        'Max-Authorization',
        'X-Authorization-2',
        'X-Token',
        'api-key-id',
        'X-Provider-Keys',
        'X-Auth-Key',
      ],
      isApiKeyHeader,
      false,
    )
  })

  test('is that of a parameter also where signed URLs have one', () => {
    const ofUrls = ['key', 'x-key', 'code', 'sig', 'X-Sig', 'signature', 'X-Amz-Signature']
    all([...endings, ...owned, ...alone, ...ofUrls], isKeyParameter, true)
    all([...none, 'keys', 'codes', 'zip_code', 'signatures', 'sigh', 'my_key', 'xxkey'], isKeyParameter, false)
  })

  test('is known of the headers that are taken out of answers', () => {
    expect(keyHeaders).toHaveLength(12)
    all(keyHeaders, isKeyHeader, true)
    const names = ['x-api-key', 'api-key', 'apikey', 'x-apikey', 'x-goog-api-key', 'x-provider-key', 'x-providerkey', 'provider-key']
    expect(keyHeaders).toEqual([...names, 'providerkey', 'x-authorization', 'x-openai-api-key', 'openai-api-key'])
  })
})

describe('a header that is never passed to a gateway', () => {
  test('frames the body or is about the connection', () => {
    const names = [
      ['Connection', 'keep-alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings', 'Alt-Svc', 'Expect', 'Max-Forwards'],
      ['Content-Length', 'Content-Encoding', 'Content-MD5', 'Content-Range', 'Digest', 'Content-Digest', 'Repr-Digest', 'Accept-Encoding'],
      ['Content-Location', 'Range', 'If-Match', 'if_none_match', 'Date', 'Age', 'Vary', 'Pragma', 'CDN-Loop', 'X-HTTP-Method-Override'],
      ['X-Method-Override', 'Proxy', 'content_length'],
    ].flat()
    all(names, neverPassed, 'frames')
    all(
      hopByHop.filter((name) => !name.startsWith('proxy-')),
      neverPassed,
      'frames',
    )
  })

  test('is one that Postern writes', () => {
    const names = ['Content-Type', 'X-Request-ID', 'X-Workflow-ID', 'X-Step-ID', 'X-Parent-Step-ID', 'traceparent', 'TraceState']
    all([...names, 'Postern-Act-As', 'postern_anything'], neverPassed, 'is written by Postern')
  })

  test('links the call to the traces of the caller’s own systems', () => {
    const names = [
      [
        'Jaeger-Debug-Id',
        'dd-trace',
        'grpc-tags-bin',
        'X-NewRelic-Id',
        'X-Dynatrace',
        'X-Instana-T',
        'X-Honeycomb-Trace',
        'X-OT-Span-Context',
      ],
      ['ot-tracer-traceid', 'X-Lightstep-Id', 'sw8-correlation', 'X-Ray-Id', 'TraceResponse', 'X-Span-Id', 'uberctx-a', 'X-B3-Flags'],
    ].flat()
    all([...tracing, ...names], neverPassed, 'traces')
  })

  test('states where a call comes from or goes to', () => {
    const names = [
      [
        'Forwarded',
        'Via',
        'X-Forwarded-For',
        'X-Original-URL',
        'X-Rewrite-URL',
        'X-Envoy-Retry-On',
        'X-Amz-Target',
        'X-Amzn-Oidc',
        'X-MS-Region',
      ],
      ['X-Goog-User-Project', 'X-Azure-Ref', 'Ocp-Apim-Trace', 'cf-aig-skip-cache', 'Fastly-Client', 'True-Client-IP', 'X-Arr-Ssl'],
      [
        'X-Appengine-Country',
        'X-Vercel-Id',
        'X-NF-Request',
        'Fly-Region',
        'Proxy-Authorization',
        'Sec-Fetch-Site',
        'Access-Control-Request-Method',
      ],
      ['OpenAI-Safety-Identifier', 'X-Auth-Request', 'X-Remote-Addr', 'Remote-User', 'X-WebAuth-Name', 'X-Token-Sub', 'X-Accel-Buffering'],
      ['X-Sendfile-Type', 'Origin', 'Referer', 'From', 'Host', 'DPoP'],
    ].flat()
    all(names, neverPassed, 'steers')
  })

  test('has a word that decides where a call goes, who pays or which key is used', () => {
    const names = [
      ['My-Hostname', 'a-url', 'X-Base', 'X-Dest', 'X-Route', 'x.region', 'Some-Zone', 'X-Resource', 'X-Vendor', 'X-Engine', 'X-Overrides'],
      [
        'My-Force',
        'X-Retries',
        'X-Backoff',
        'X-Balance',
        'X-Policy',
        'X-Guardrail',
        'X-Bypass',
        'No-Debug',
        'X-Sudo',
        'Some-Keys',
        'X-Signature',
      ],
      ['X-Alias', 'My-Session', 'X-Org', 'X-Department', 'X-Customer', 'X-Username', 'X-Principal', 'X-EndUser', 'X-Consumer', 'X-Role'],
      [
        'X-Cost',
        'X-Payer',
        'X-Quota',
        'X-Plan',
        'X-Wallet',
        'X-Real-Thing',
        'X-IP',
        'Connecting-X',
        'X-Address',
        'X-Path',
        'X-Span',
        'Idempotency-X',
      ],
      [
        'customhost',
        'xbaseurl',
        'xbaseuri',
        'myapibase',
        'xendpoints',
        'upstreams',
        'xproviders',
        'mydeployments',
        'xconfigs',
        'xfallbacks',
      ],
      ['xretry', 'xcaches', 'virtuals', 'xorganization', 'xorganisation', 'xprojects', 'workspaces', 'tenants', 'xaccounts', 'xbilling'],
      ['xbudgets', 'forwards', 'xauthority', 'mycookies', 'xproxy', 'mytraces', 'x-api-key', 'My_Password'],
    ].flat()
    all(names, neverPassed, 'steers')
    const unclear = /^(?:content|x-title|http-referer|x-priority|x-feature|x-spend|if-|range|pragma|accept_|user_|open_ai-beta$)/i
    all(
      steering.filter((name) => !unclear.test(name) && !/tags|timeout|spend|safety|profile/i.test(name)),
      neverPassed,
      'steers',
    )
  })

  test('is none that decides nothing', () => {
    const others = [
      'X-My-Feature',
      'X-Title',
      'HTTP-Referer',
      'x-portkey-metadata',
      'X-Experiment-B',
      'Accept',
      'X-Hos',
      'Refererx',
      'xdate',
    ]
    all([...others, 'X-Content-MD5', 'my-if-match'], neverPassed, undefined)
  })
})

describe('a member of a body that steers', () => {
  const names = [
    [
      'api_host',
      'custom_host',
      'targetHostname',
      'base_host',
      'upstream_host',
      'proxy_host',
      'api_base',
      'apiBaseURL',
      'api_url',
      'api_uri',
    ],
    ['api_endpoint', 'api_type', 'base_url', 'my_base_uri', 'base_api_url', 'azure_endpoint', 'service_endpoint', 'runtime_endpoint_url'],
    ['custom_endpoint', 'model_endpoint', 'inference_endpoint', 'provider_endpoint', 'my_endpoint_url', 'upstream_url', 'proxy_uri'],
    ['gateway_url', 'provider_url', 'model_url', 'inference_url', 'deployment_uri', 'host_url', 'target_url', 'api_version'],
    ['azure_api_version', 'vertex_project', 'vertex_ai_location', 'gcp_project_id', 'google_region', 'aws_region', 'aws_region_name'],
    [
      'aws_profile',
      'aws_profile_name',
      'aws_role',
      'aws_role_name',
      'aws_role_arn',
      'aws_sts_endpoint',
      'custom_llm_provider',
      'user_config',
    ],
    ['litellm_config', 'model_list', 'portkey_config', 'organization', 'organisation_id', 'openai_organization', 'org', 'openai_org_id'],
    ['billing', 'billing_account', 'billing_project_id', 'billing_id', 'proxy', 'proxies', 'upstream', 'api_key_name', 'virtual_key_alias'],
    ['provider_key_id', 'gateway_keys_ids', 'master_key_uuid', 'signing_key_ref', 'subscription_key_reference', 'litellm_key_hash'],
    ['portkey_key_label', 'openai_key_slug', 'user_key_handle', 'team_key_index', 'credential_arn', 'credentials_path', 'secret_names'],
    ['key_id', 'x_key_alias', 'keys_aliases', 'secret_ids', 'credential_indexes'],
  ].flat()

  test('is known by its name in each spelling', () => {
    all(names, (name) => steersInBody(squashName(name)), true)
  })

  test('is no other name', () => {
    const others = [
      ['host', 'url', 'endpoint', 'my_api_version', 'api_versions', 'vertex_projects', 'my_vertex_project', 'aws_regions', 'my_aws_region'],
      ['user_configs', 'my_user_config', 'organizations', 'my_organization', 'billing_accounts', 'my_billing', 'proxys', 'my_proxy'],
      ['api_key_names_of', 'keyboard_id', 'my_key_id', 'credential', 'secret_namesake', 'image_url', 'api_hosts', 'base_urls', 'api_bases'],
      ['project', 'azure', 'api_types', 'target_urls', 'model_urls', 'model', 'key_idx', 'metadata'],
    ].flat()
    all(others, (name) => steersInBody(squashName(name)), false)
  })

  test('steers in a query as well, but for the version of the API and the id of an object', () => {
    const harmless = ['api_version', 'key_id']
    all(
      names.filter((name) => !harmless.includes(name)),
      (name) => steersInQuery(squashName(name)),
      true,
    )
    all(['project', 'project_id', 'openai_project', 'OpenAI-Project-ID'], (name) => steersInQuery(squashName(name)), true)
    all([...harmless, 'projects', 'my_project', 'azure_project_id', 'limit', 'after'], (name) => steersInQuery(squashName(name)), false)
  })

  test('may hold headers of a request to a provider', () => {
    const holders = [
      'headers',
      'extra_headers',
      'default_headers',
      'customHeaders',
      'request_headers',
      'additional_headers',
      'forward_headers',
    ]
    all([...holders, 'http_headers'], (name) => holdsHeaders(squashName(name)), true)
    all(['header', 'my_headers', 'headers_of', 'extra'], (name) => holdsHeaders(squashName(name)), false)
  })
})
