/**
 * The names in a `Connection` header, in lower case (RFC 9110, 7.6.1); `undefined` for the usual values, which name
 * nothing further. Linear: it is read of every message before anybody is known.
 *
 * What is for every recipient cannot be named there, so naming it takes nothing away: it has been read here, and who
 * gets the message must read it too.
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

/** What a body is, and what says whose a request is and from which page; on these it is decided what becomes of a message. */
function isForEverybody(name: string): boolean {
  return name.startsWith('content-') || name.startsWith('sec-fetch-') || saidOfCallers.has(name)
}

const saidOfCallers = new Set(['host', 'authorization', 'cookie', 'dpop', 'origin', 'accept'])
