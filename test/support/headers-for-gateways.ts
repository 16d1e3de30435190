/** Headers by which one gateway or another lets a client say where a call goes, who pays, which key is used, or whether it runs. */
export const steering = [
  ['X-Portkey-Custom-Host', 'x-portkey-provider', 'x-portkey-config', 'x-portkey-forward-headers', 'x-portkey-cache-force-refresh'],
  [
    'Helicone-Target-Url',
    'Helicone-OpenAI-Api-Base',
    'helicone-fallbacks',
    'Helicone-User-Id',
    'helicone-cache-enabled',
    'Helicone-Retry-Num',
  ],
  ['cf-aig-skip-cache', 'cf-aig-cache-key', 'cf-aig-max-attempts', 'cf-aig-custom-cost', 'cf-aig-byok-alias'],
  [
    'x-litellm-model-group',
    'x-litellm-timeout',
    'x-litellm-tags',
    'x-litellm-num-retries',
    'x-litellm-end-user-id',
    'x-litellm-spend-logs-metadata',
  ],
  [
    'OpenAI-Organization',
    'OpenAI-Project',
    'OpenAI_Organization',
    'openai-safety-identifier',
    'anthropic-workspace-id',
    'anthropic-user-profile-id',
  ],
  ['x-goog-user-project', 'x-goog-request-params', 'x-amz-target', 'x-ms-region', 'azureml-model-deployment', 'x-vercel-ai-gateway-team'],
  [
    'X-Base-URL',
    'X-Upstream',
    'X-Route-To',
    'X-Target-Host',
    'X-Region',
    'X-Billing-Account',
    'X-Cost-Center',
    'X-Tenant',
    'X-Org-Id',
    'X-Team',
  ],
  [
    'HTTP-Referer',
    'X-Title',
    'X-Api-Version',
    'X-Model',
    'X-Priority',
    'X-Feature',
    'If-Match',
    'Range',
    'Cache-Control',
    'Pragma',
    'From',
  ],
  [
    'X-Stainless-Base-Url',
    'OpenAI-Beta-Host',
    'User-Agent-Override',
    'Content-Type-Options',
    'Accept_Language',
    'USER_AGENT',
    'Open_AI-Beta',
  ],
].flat()

/** Headers of tracing vendors. */
export const tracing = [
  ['baggage', 'b3', 'X-B3-TraceId', 'X-B3-Sampled', 'x-datadog-trace-id', 'x-datadog-sampling-priority', 'sentry-trace', 'sentry-baggage'],
  [
    'uber-trace-id',
    'uberctx-tenant',
    'X-Amzn-Trace-Id',
    'X-Cloud-Trace-Context',
    'newrelic',
    'elastic-apm-traceparent',
    'sw8',
    'grpc-trace-bin',
  ],
].flat()

/** What the official clients of OpenAI, Anthropic and Google send by themselves. */
export const ofClients = [
  ['Accept', 'accept-language', 'User-Agent', 'OpenAI-Beta', 'anthropic-version', 'Anthropic-Beta', 'X-Goog-Api-Client', 'Idempotency-Key'],
  [
    'X-Stainless-Lang',
    'x-stainless-package-version',
    'x-stainless-os',
    'x-stainless-arch',
    'x-stainless-runtime',
    'x-stainless-runtime-version',
  ],
  ['x-stainless-async', 'x-stainless-retry-count', 'x-stainless-timeout', 'x-stainless-read-timeout', 'x-stainless-helper-method'],
].flat()
