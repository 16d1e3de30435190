import pg from 'pg'

/** Conditions of PostgreSQL that an operator meets, by their codes. */
const conditions: Readonly<Record<string, string>> = {
  '25006': 'it is a replica that cannot be written',
  '28000': 'the user may not log in',
  '28P01': 'the user or the password is wrong',
  '3D000': 'there is no such database',
  '40P01': 'its transactions waited for each other',
  '42501': 'the user lacks a permission',
  '53100': 'its disk is full',
  '53300': 'it has too many connections',
  '57014': 'a statement took too long',
  '57P01': 'it was shut down',
  '57P02': 'it crashed',
  '57P03': 'it is starting or stopping',
}

/** The database, or what stands in front of it, did not answer. */
export const inTime = 'it did not answer in time'

/** What the library says in its own words, which hold no address. */
const ownWords: readonly (readonly [text: string, reason: string])[] = [
  ['timeout exceeded when trying to connect', inTime],
  ['Connection terminated due to connection timeout', inTime],
  ['timeout expired', inTime],
  ['The server does not support SSL connections', 'it does not take TLS'],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'it wants a password, and the address has none'],
]

/** Says what is wrong without repeating the address or what was sent: a condition, or a code such as `ECONNREFUSED`. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (error instanceof pg.DatabaseError) return `${conditions[error.code ?? ''] ?? 'it refused a statement'} (${error.code ?? 'no code'})`
  const own = ownWords.find(([text]) => typeof message === 'string' && message.startsWith(text))
  if (own !== undefined) return own[1]
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'the connection was lost'
}

/** Whether PostgreSQL refused the statement itself: it is rolled back, and the connection goes on. */
export function isRolledBack(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(?:0A|22|23|25|28|3D|3F|40|42|53|54|55|P0|57014)/.test(error.code ?? '')
}

/** Whether the same statement may succeed at once: other transactions were in the way. */
export function isRepeatable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001')
}

/** Whether a table, a function or the whole schema is missing. */
export function isWithoutTables(error: unknown): boolean {
  return error instanceof pg.DatabaseError && ['42P01', '42883', '3F000'].includes(error.code ?? '')
}
