/** The schema of Postern's tables if none is named. */
export const defaultSchema = 'postern'

/** The name of a schema, between quotation marks, for use inside of SQL. @throws {TypeError} if it is no plain name. */
export function quoteSchema(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name) || name.startsWith('pg_'))
    throw new TypeError(
      'The schema of PostgreSQL is no name of at most 63 small letters, digits and low lines that begins with a letter or low line, and not with pg_.',
    )
  return `"${name}"`
}
