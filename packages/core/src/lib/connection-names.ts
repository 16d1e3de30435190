/**
 * The header names in a `Connection` header, in lower case, which must not be forwarded (RFC 9110, 7.6.1); `undefined` for
 * `keep-alive` and `close`, the usual values. Takes linear time, since clients that are not identified send it.
 *
 * Names of headers that are for every recipient are left out: Postern has read these headers to decide about the message,
 * so the next recipient must get them too.
 */
export function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(
    connection
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => !isForEverybody(name)),
  )
}

/** Whether a header is for every recipient: it describes the body, or says who calls and from which page. */
function isForEverybody(name: string): boolean {
  return name.startsWith('content-') || name.startsWith('sec-fetch-') || saidOfCallers.has(name)
}

const saidOfCallers = new Set(['host', 'authorization', 'cookie', 'dpop', 'origin', 'accept'])
