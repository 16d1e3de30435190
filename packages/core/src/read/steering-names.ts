import { words } from '../lib/words.js'
import { isKeyHeader } from './key-names.js'

/** Why a header goes to no gateway, whoever adds it to what is passed on. */
export type NeverPassed = 'steers' | 'frames' | 'traces' | 'is written by Postern'

/** What the peers of one connection say to each other, and what this process writes anew. */
const framing = words(
  'connection keep-alive te trailer transfer-encoding upgrade http2-settings alt-svc expect max-forwards',
  'content-length content-encoding content-md5 content-range digest content-digest repr-digest accept-encoding',
  'content-location range if-* date age vary pragma cdn-loop x-http-method* x-method-* proxy',
)

/** What Postern says of a call: a client's own would be taken for it. */
const written = ['content-type', 'x-request-id', 'x-workflow-id', 'x-step-id', 'x-parent-step-id', 'traceparent', 'tracestate', 'postern-*']

/** Tracing vendors' headers: they tie a call to the caller's other systems, and some switch sampling or debugging on. */
const tracing = words(
  'baggage b3 x-b3-* x-datadog-* dd-* sentry-* uber-trace-id uberctx-* jaeger-* x-amzn-trace-id',
  'x-cloud-trace-context grpc-trace-bin grpc-tags-bin newrelic x-newrelic-* x-dynatrace* elastic-apm-*',
  'x-instana-* x-honeycomb-* x-ot-* ot-* x-lightstep-* sw8 sw8-* x-ray* traceresponse x-span-*',
)

/** Families in which proxies and platforms say who somebody is and where a request came from and went to. */
const platforms = words(
  'forwarded via x-forwarded* x-original-* x-rewrite-* x-envoy-* x-amz* x-ms-* x-goog-* x-azure-* ocp-*',
  'cf-* fastly-* true-client-ip x-arr-* x-appengine-* x-vercel-* x-nf-* fly-* proxy-* sec-* access-control-*',
  'x-auth-* x-remote-* remote-* x-webauth-* x-token-* x-accel-* x-sendfile* origin referer from host dpop',
)

/** Words of which one in a header's name says that it steers: where the call goes, who pays, which key is used, or whether it runs at all. */
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
    'consumer owner role roles scope billing bill budget cost costs price charge invoice payer pay',
    'quota limit limits subscription plan tier credits wallet forwarded forward via proxy real ip',
    'connecting address method path trace tracing span idempotency',
  ),
)

/** The same within names that are written in one word: `customhost`, `virtualkey`. */
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
 * Says why a header is never passed on to a gateway, by what its name means; `undefined` where nothing speaks against it.
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

/** What a key is called by, behind the word for it: `key_alias`, `credential_name`. */
const ofKeys = '(?:name|alias|id|uuid|ref|reference|hash|label|slug|handle|index|arn|path)(?:s|es)?'

/** Members of bodies in which a gateway would read where the call goes or who pays; they end like this, or are this. */
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
    '^aws(?:region(?:name)?|profile(?:name)?|role(?:name|arn)?|stsendpoint)$',
    '^(?:customllmprovider|userconfig|litellmconfig|modellist|portkeyconfig)$',
    '^(?:openai)?(?:organi[sz]ation|org)(?:id)?$',
    '^billing(?:account|project)?(?:id)?$',
    '^(?:proxy|proxies|upstream)$',
    // Which of the keys that a gateway keeps is used.
    `(?:api|virtual|provider|gateway|master|signing|subscription|litellm|portkey|openai|user|team)keys?${ofKeys}$`,
    `credentials?${ofKeys}$|secret${ofKeys}$|^x?keys?${ofKeys}$`,
  ].join('|'),
)

/** Whether a member of a body says where the call goes or who pays. @param squashed As `squashName` leaves it. */
export function steersInBody(squashed: string): boolean {
  return steeringMembers.test(squashed)
}

/** A version of the API, and what names a thing of the caller's own. */
const harmlessInQuery = new Set(['apiversion', 'keyid'])

/** The same of a parameter, which may say the version of the API, and must not say the project. @param squashed As `squashName` leaves it. */
export function steersInQuery(squashed: string): boolean {
  return /^(?:openai)?project(?:id)?$/.test(squashed) || (!harmlessInQuery.has(squashed) && steersInBody(squashed))
}

/** Members whose own members become headers of a request to a provider. @param squashed As `squashName` leaves it. */
export function holdsHeaders(squashed: string): boolean {
  return /^(?:extra|default|custom|request|additional|forward|http)?headers$/.test(squashed)
}
