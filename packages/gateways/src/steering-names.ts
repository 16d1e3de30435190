import { words } from './words.js'
import { isKeyHeader } from './key-names.js'

/** Why a header is never sent to a gateway, even if `passHeaders` lists it. */
export type NeverPassed = 'steers' | 'frames' | 'traces' | 'is written by Postern'

/** Headers about one connection or about the framing of a body, which this process writes itself. */
const framing = words(
  'connection keep-alive te trailer transfer-encoding upgrade http2-settings alt-svc expect max-forwards',
  'content-length content-encoding content-md5 content-range digest content-digest repr-digest accept-encoding',
  'content-location range if-* date age vary pragma cdn-loop x-http-method* x-method-* proxy',
)

/** Headers that Postern writes. A client's header of the same name could be taken for Postern's. */
const written = ['content-type', 'x-request-id', 'x-workflow-id', 'x-step-id', 'x-parent-step-id', 'traceparent', 'tracestate', 'postern-*']

/** Headers of tracing vendors: they link a call to the caller's other systems, and some turn on sampling or debugging. */
const tracing = words(
  'baggage b3 x-b3-* x-datadog-* dd-* sentry-* uber-trace-id uberctx-* jaeger-* x-amzn-trace-id',
  'x-cloud-trace-context grpc-trace-bin grpc-tags-bin newrelic x-newrelic-* x-dynatrace* elastic-apm-*',
  'x-instana-* x-honeycomb-* x-ot-* ot-* x-lightstep-* sw8 sw8-* x-ray* traceresponse x-span-*',
)

/** Headers of proxies and platforms that state a caller's identity, or the origin or target of a request. */
const platforms = words(
  'forwarded via x-forwarded* x-original-* x-rewrite-* x-envoy-* x-amz* x-ms-* x-goog-* x-azure-* ocp-*',
  'cf-* fastly-* true-client-ip x-arr-* x-appengine-* x-vercel-* x-nf-* fly-* proxy-* sec-* access-control-*',
  'openai-safety-identifier x-auth-* x-remote-* remote-* x-webauth-* x-token-* x-accel-* x-sendfile* origin referer from host dpop',
)

/** Words in the names of headers that decide where a call goes, who pays, which key is used, or whether the call runs. */
const steering = new Set(
  words(
    'host hostname hosts url urls uri base endpoint endpoints target targets destination dest',
    'upstream upstreams backend server route router routes routing region location zone deployment',
    'resource provider providers vendor model models engine config configs configuration settings override',
    'overrides force fallback fallbacks retry retries attempts backoff cache caching strategy balance',
    'version policy policies guardrail guardrails bypass skip disable mode internal debug admin sudo',
    'key keys virtual token tokens auth authentication credential credentials secret password signature',
    'alias session cookie cookies cookie2 organization organisation org project projects workspace account',
    'tenant team group department customer user users userid username email identity principal subject',
    'enduser enduserid customerid consumer owner role roles scope billing bill budget cost costs price charge invoice payer pay',
    'quota limit limits subscription plan tier credits wallet forwarded forward via proxy real ip',
    'connecting address method path trace tracing span idempotency',
  ),
)

/** The same for names without separators: `customhost`, `virtualkey`. */
const steeringWithin =
  /host|baseur[li]|apibase|endpoint|upstream|provider|deployment|config|fallback|retry|cache|virtual|organi[sz]ation|project|workspace|tenant|account|billing|budget|forward|authori|cookie|proxy|trace/

const exact = new Map<string, NeverPassed>()
const beginnings: (readonly [beginning: string, why: NeverPassed])[] = []
for (const [names, why] of [
  [framing, 'frames'],
  [written, 'is written by Postern'],
  [tracing, 'traces'],
  [platforms, 'steers'],
] as const) {
  for (const name of names) {
    if (name.endsWith('*')) beginnings.push([name.slice(0, -1), why])
    else exact.set(name, why)
  }
}

/**
 * Returns why a header must never be sent to a gateway, by its name; `undefined` if it may be sent.
 *
 * @param name In any case, with hyphens or underscores.
 */
export function neverPassed(name: string): NeverPassed | undefined {
  const plain = name.toLowerCase().replaceAll('_', '-')
  const listed = exact.get(plain) ?? beginnings.find(([beginning]) => plain.startsWith(beginning))?.[1]
  if (listed !== undefined) return listed
  if (isKeyHeader(plain) || steeringWithin.test(plain)) return 'steers'
  return plain.split(/[^a-z0-9]+/).some((word) => steering.has(word)) ? 'steers' : undefined
}

/** Endings of names that refer to a key: `key_alias`, `credential_name`. */
const ofKeys = '(?:name|alias|id|uuid|ref|reference|hash|label|slug|handle|index|arn|path)(?:s|es)?'

/** Names of members that decide, for some gateway, where the call goes, who pays, or whether it runs at all. */
const steeringMembers = new RegExp(
  [
    '(?:api|custom|target|base|upstream|proxy)host(?:name)?$',
    'api(?:base(?:url)?|ur[li]|endpoint|type)$',
    'baseur[li]$',
    'base(?:api)?url$',
    '(?:azure|service|runtime|custom|model|inference|provider)endpoint(?:url)?$',
    'endpointurl$',
    '(?:upstream|proxy|gateway|provider|model|inference|deployment|host)ur[li]$|targeturl$',
    '^(?:azure)?apiversion$',
    '^(?:vertex(?:ai)?|gcp|google)(?:project(?:id)?|location|region)$',
    // Whatever is called after one of these clouds chooses the account and the region there.
    '^aws.|^regionname$',
    '^oci(?:region|user|fingerprint|tenancy|key|keyfile|compartmentid|endpointid|servingmode)$',
    '^watsonx.',
    // Where the gateway sends what it logs of the call, what it answers without a call, and what it books for it.
    '^(?:langfuse|langsmith|arize|braintrust|humanloop|lunary|posthog).',
    '^gcs(?:bucketname|pathserviceaccount)$',
    '^(?:(?:litellm)?disabled|success|failure|input|service|async)?callbacks?$',
    '^mock(?:ed)?(?:response|testing|toolcalls?|timeout|delay|error|latency)',
    'costs?per',
    '^(?:customllmprovider|userconfig|litellmconfig|modellist|portkeyconfig)$',
    '^(?:openai)?(?:organi[sz]ation|org)(?:id)?$',
    '^billing(?:account|project)?(?:id)?$',
    '^(?:proxy|proxies|upstream)$',
    // These choose among the keys that a gateway stores.
    `(?:api|virtual|provider|gateway|master|signing|subscription|litellm|portkey|openai|user|team)keys?${ofKeys}$`,
    `credentials?${ofKeys}$|secret${ofKeys}$|^x?keys?${ofKeys}$`,
  ].join('|'),
)

/** Whether a member of a body decides where the call goes or who pays. @param squashed The name as `squashName` returns it. */
export function steersInBody(squashed: string): boolean {
  return steeringMembers.test(squashed)
}

/** Parameters that steer nothing in a query: the version of the API, and the id of an object of the caller's own. */
const harmlessInQuery = new Set(['apiversion', 'keyid'])

/** The same for a query parameter; it may name the API version and must not name a project. @param squashed As for {@link steersInBody}. */
export function steersInQuery(squashed: string): boolean {
  return /^(?:openai)?project(?:id)?$/.test(squashed) || (!harmlessInQuery.has(squashed) && steersInBody(squashed))
}

/** Whether the members of this member become headers of a request to a provider. @param squashed As for {@link steersInBody}. */
export function holdsHeaders(squashed: string): boolean {
  return /^(?:extra|default|custom|request|additional|forward|http)?headers$/.test(squashed)
}
