/** Headers that belong to one connection (RFC 9110, 7.6.1), and the one a proxy of keys replaces. */
const NOT_FORWARDED = new Set([
  'authorization',
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the caller sends to every subject but Postern. */
export const callerKey = 'bench-caller-key'

/** The credential that every subject sends to the upstream in place of the caller's. */
export const upstreamCredential = 'Bearer bench-gateway-key'

export function isForwarded(name: string): boolean {
  return !NOT_FORWARDED.has(name.toLowerCase())
}

/** Appends to `kept` those of a flat list of names and values that may be forwarded. */
export function keepForwarded(raw: readonly string[], kept: string[] = []): string[] {
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    if (isForwarded(name)) kept.push(name, raw[at + 1] as string)
  }
  return kept
}
