import pg from 'pg'

/** Modes of TLS that the library takes for `verify-full`, with a warning for each process. */
const verified = /([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/

const wrong = 'The address of PostgreSQL is no URL of the form postgres://user:password@host:port/database or postgresql://….'

/**
 * Checks an address and returns it as the library is given it. With `sslmode=require` the certificate of the server is checked, as with
 * `verify-full`; `no-verify` encrypts without a check. Without `sslmode` nothing is encrypted.
 *
 * @throws {Error} if the address is not one of PostgreSQL, or names a file that cannot be read; the message does not repeat it.
 */
export function checkAddress(url: string | undefined): string {
  if (typeof url !== 'string')
    throw new Error(
      "The address of PostgreSQL is missing. Write it as a text: { postgres: { url: 'postgres://user:password@host:5432/database' } }.",
    )
  if (!/^postgres(?:ql)?:\/\/./.test(url)) throw new Error(wrong)
  const given = url.includes('uselibpqcompat=true') ? url : url.replace(verified, '$1verify-full')
  const fault = faultIn(given)
  if (fault !== undefined) throw new Error(fault)
  return given
}

/** What is wrong with an address by the library, whose own error contains the address. */
function faultIn(connectionString: string): string | undefined {
  try {
    const { port } = new pg.Client({ connectionString })
    return port > 0 && port < 65_536 ? undefined : wrong
  } catch (error) {
    const { code } = error as { code?: unknown }
    return code === 'ENOENT' || code === 'EACCES' ? 'The address of PostgreSQL names a file of TLS that cannot be read.' : wrong
  }
}
