/** Hop-by-hop headers (RFC 9110, 7.6.1), and other headers meant for one peer only; a trailing `*` matches any ending. */
export const hopByHop: readonly string[] = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'alt-svc',
  'proxy-*',
]
