import { holdsHeaders, neverPassed, squashName, steersInBody, steersInQuery } from '@postern/gateways'
import { hopByHop } from '@postern/protocol'
import { describe, test } from 'vitest'
import { expectAll } from '../support/expect-all.js'
import { steering, tracing } from '../support/headers-for-gateways.js'

describe('a header that is never passed to a gateway', () => {
  test('frames the body or is about the connection', () => {
    const names = [
      ['Connection', 'keep-alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings', 'Alt-Svc', 'Expect', 'Max-Forwards'],
      ['Content-Length', 'Content-Encoding', 'Content-MD5', 'Content-Range', 'Digest', 'Content-Digest', 'Repr-Digest', 'Accept-Encoding'],
      ['Content-Location', 'Range', 'If-Match', 'if_none_match', 'Date', 'Age', 'Vary', 'Pragma', 'CDN-Loop', 'X-HTTP-Method-Override'],
      ['X-Method-Override', 'Proxy', 'content_length'],
    ].flat()
    expectAll(names, neverPassed, 'frames')
    expectAll(
      hopByHop.filter((name) => !name.startsWith('proxy-')),
      neverPassed,
      'frames',
    )
  })

  test('is one that Postern writes', () => {
    const names = ['Content-Type', 'X-Request-ID', 'X-Workflow-ID', 'X-Step-ID', 'X-Parent-Step-ID', 'traceparent', 'TraceState']
    expectAll([...names, 'Postern-Act-As', 'postern_anything'], neverPassed, 'is written by Postern')
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
    expectAll([...tracing, ...names], neverPassed, 'traces')
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
    expectAll(names, neverPassed, 'steers')
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
    expectAll(names, neverPassed, 'steers')
    const unclear = /^(?:content|x-title|http-referer|x-priority|x-feature|x-spend|if-|range|pragma|accept_|user_|open_ai-beta$)/i
    expectAll(
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
    expectAll([...others, 'X-Content-MD5', 'my-if-match'], neverPassed, undefined)
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
    ['aws_regions', 'aws_external_id', 'aws_bedrock_runtime_endpoint', 'awsSessionName', 'region_name'],
    ['oci_region', 'oci_user', 'oci_fingerprint', 'oci_tenancy', 'oci_key', 'oci_key_file', 'oci_compartment_id', 'oci_endpoint_id'],
    ['oci_serving_mode', 'watsonx_project', 'watsonx_space_id', 'langfuse_host', 'langfusePromptVersion', 'langsmith_base_url'],
    ['arize_space_id', 'braintrust_project', 'humanloop_path', 'lunary_public_key', 'posthog_host', 'gcs_bucket_name'],
    ['gcs_path_service_account', 'callbacks', 'callback', 'success_callback', 'failure_callback', 'litellm_disabled_callbacks'],
    ['disabled_callbacks', 'input_callback', 'service_callback', 'async_callbacks', 'mock_response', 'mocked_response', 'mock_tool_calls'],
    ['mock_testing_fallbacks', 'mock_timeout', 'mock_delay', 'mock_error', 'mock_latency', 'mock_tool_call'],
    ['input_cost_per_token', 'output_cost_per_second', 'input_cost_per_audio_token', 'custom_costs_per_image'],
  ].flat()

  test('is known by its name in each spelling', () => {
    expectAll(names, (name) => steersInBody(squashName(name)), true)
  })

  test('is no other name', () => {
    const others = [
      ['host', 'url', 'endpoint', 'my_api_version', 'api_versions', 'vertex_projects', 'my_vertex_project', 'aws', 'my_aws_region'],
      ['user_configs', 'my_user_config', 'organizations', 'my_organization', 'billing_accounts', 'my_billing', 'proxys', 'my_proxy'],
      ['api_key_names_of', 'keyboard_id', 'my_key_id', 'credential', 'secret_namesake', 'image_url', 'api_hosts', 'base_urls', 'api_bases'],
      [
        'role',
        'role_arn',
        'region',
        'oci',
        'oci_users',
        'watsonx',
        'langfuse',
        'arize',
        'gcs',
        'callback_of',
        'my_callbacks',
        'mock',
        'mockup',
        'cost',
      ],
      ['project', 'azure', 'api_types', 'target_urls', 'model_urls', 'model', 'key_idx', 'metadata'],
    ].flat()
    expectAll(others, (name) => steersInBody(squashName(name)), false)
  })

  test('steers in a query as well, but for the version of the API and the id of an object', () => {
    const harmless = ['api_version', 'key_id']
    expectAll(
      names.filter((name) => !harmless.includes(name)),
      (name) => steersInQuery(squashName(name)),
      true,
    )
    expectAll(['project', 'project_id', 'openai_project', 'OpenAI-Project-ID'], (name) => steersInQuery(squashName(name)), true)
    expectAll(
      [...harmless, 'projects', 'my_project', 'azure_project_id', 'limit', 'after'],
      (name) => steersInQuery(squashName(name)),
      false,
    )
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
    expectAll([...holders, 'http_headers'], (name) => holdsHeaders(squashName(name)), true)
    expectAll(['header', 'my_headers', 'headers_of', 'extra'], (name) => holdsHeaders(squashName(name)), false)
  })
})
