/** Headers that differ on purpose, and why. Whatever is not here must be the same with Postern as without. */
export interface KnownHeaders {
  /** In lower case; a `*` stands for any ending, or in front for any beginning. */
  readonly names: readonly string[]
  readonly why: string
}

/** Of requests, on both roads. */
export const ofEveryRequest: readonly KnownHeaders[] = [
  {
    names: ['host', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'http2-settings', 'proxy-connection'],
    why: 'they belong to one connection (RFC 9110, 7.6.1)',
  },
  { names: ['transfer-encoding', 'content-length'], why: 'where a body ends is written anew, as it was read' },
  { names: ['expect'], why: 'an expectation is met by Postern' },
]

/** Of requests to gateways. */
export const ofGatewayRequests: readonly KnownHeaders[] = [
  {
    names: ['authorization', 'x-api-key', 'x-goog-api-key', 'cookie'],
    why: 'the caller’s own credential ends here, and the gateway key takes its place',
  },
  { names: ['accept-encoding'], why: 'answers are read as they pass, so the gateway is asked not to pack them' },
  { names: ['x-request-id', 'traceparent', 'tracestate'], why: 'each attempt is tagged' },
  { names: ['idempotency-key'], why: 'a digest of it and of whose it is, since callers share a gateway key' },
  { names: ['sec-fetch-*', 'origin', 'referer'], why: 'a browser’s word about a page, which is none of the gateway’s business' },
]

/** Of requests to the backend. */
export const ofBackendRequests: readonly KnownHeaders[] = [
  { names: ['x-forwarded-*', 'forwarded'], why: 'where a request comes from is written anew' },
]

/** Of answers, on both roads. */
export const ofEveryAnswer: readonly KnownHeaders[] = [
  {
    names: ['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'upgrade', 'alt-svc', 'proxy-*'],
    why: 'they belong to one connection (RFC 9110, 7.6.1)',
  },
]

/** Of answers of gateways. */
export const ofGatewayAnswers: readonly KnownHeaders[] = [
  { names: ['date', 'content-length'], why: 'written anew' },
  { names: ['x-request-id', 'postern-*', 'x-should-retry', 'retry-after'], why: 'what Postern says of a call' },
  {
    names: ['cache-control', 'pragma', 'expires', 'age', 'vary', 'surrogate-control', 'cdn-cache-control'],
    why: 'an answer under a key is nobody else’s: no cache may keep it',
  },
  { names: ['access-control-*'], why: 'which pages may read an answer, Postern’s own list says' },
  { names: ['x-accel-buffering'], why: 'proxies in front must not collect events' },
  {
    names: ['x-content-type-options', 'referrer-policy', 'content-security-policy', 'cross-origin-resource-policy', 'x-frame-options'],
    why: 'Postern’s own page security',
  },
  {
    names: ['set-cookie', 'server', 'via', 'strict-transport-security', 'www-authenticate'],
    why: 'a gateway has no business on the customer’s origin',
  },
  {
    names: ['location', '*-location', 'azure-asyncoperation', '*-upload-url', '*-upload-control-url', 'link', 'refresh'],
    why: 'they name places of the gateway’s, where clients would go on with their own credential, past Postern (ADR 29)',
  },
]

/** Says of a name whether it is in one of the lists. */
export function knownIn(...lists: readonly (readonly KnownHeaders[])[]): (lowerCase: string) => boolean {
  const all = lists.flat().flatMap(({ names }) => names)
  const whole = new Set(all)
  const beginnings = all.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const endings = all.filter((name) => name.startsWith('*')).map((name) => name.slice(1))
  return (name) =>
    whole.has(name) || beginnings.some((beginning) => name.startsWith(beginning)) || endings.some((ending) => name.endsWith(ending))
}

/** Which headers two heads have differently, but for those that a list knows. */
export function differingHeaders(left: readonly string[], right: readonly string[], isKnown: (name: string) => boolean): string[] {
  const [one, other] = [byName(left), byName(right)]
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((name) => !isKnown(name) && JSON.stringify(one.get(name)) !== JSON.stringify(other.get(name)))
    .toSorted()
}

/** @param raw Name and value in turn. */
function byName(raw: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase()
    values.set(name, [...(values.get(name) ?? []), raw[index + 1] as string])
  }
  return values
}
