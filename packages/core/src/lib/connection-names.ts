/**
 * The names in a `Connection` header, in lower case (RFC 9110, 7.6.1); `undefined` for the usual values, which name
 * nothing further. Linear: it is read of every message before anybody is known.
 */
export function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}
