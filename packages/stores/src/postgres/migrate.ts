import pg from 'pg'
import { isWithoutTables } from './reason.js'

/** How long the tables may take to be made, in milliseconds: other processes may be making them, and tables may be large. */
const migrationMs = 60_000

/** Tables with a version of their own, in one schema. */
export interface Tables {
  readonly part: 'store' | 'ledger'
  /** The schema's name between quotation marks. */
  readonly schema: string
  /** What each version has more than the one before. Never change one that was released: add another. */
  readonly migrations: readonly string[]
}

/** The tables are those of a newer Postern. */
export class NewerTables extends Error {}

/**
 * Makes the tables, or brings them up to date, all of it or nothing. Of several processes that begin at once, one does it and the others
 * wait. Where nothing is missing, no right to create anything is needed.
 *
 * @throws {NewerTables} if a newer Postern has made them.
 */
export async function migrate(connectionString: string, tables: Tables, connectMs: number): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: connectMs, application_name: 'postern' })
  // Without a listener an 'error' event would end the process; the statement that waits rejects anyway.
  client.on('error', () => {})
  const late = setTimeout(() => client.end(() => {}), migrationMs)
  try {
    await client.connect()
    if (isCurrent(await findVersion(client, tables), tables)) return
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`postern tables ${tables.schema}`])
    await makeTables(client, tables)
    await client.query('COMMIT')
  } finally {
    clearTimeout(late)
    client.end(() => {})
  }
}

async function makeTables(client: pg.Client, { part, schema, migrations }: Tables): Promise<void> {
  const { rows } = await client.query<{ readonly found: boolean; readonly versions: boolean }>(
    'SELECT to_regnamespace($1) IS NOT NULL AS found, to_regclass($2) IS NOT NULL AS versions',
    [schema, `${schema}.versions`],
  )
  if (rows[0]?.found !== true) await client.query(`CREATE SCHEMA ${schema}`)
  if (rows[0]?.versions !== true) await client.query(`CREATE TABLE ${schema}.versions (part text PRIMARY KEY, version integer NOT NULL)`)
  const found = await findVersion(client, { part, schema, migrations })
  if (isCurrent(found, { part, schema, migrations })) return
  for (const step of migrations.slice(found)) await client.query(step)
  await client.query(`INSERT INTO ${schema}.versions VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET version = excluded.version`, [
    part,
    migrations.length,
  ])
}

async function findVersion(client: pg.Client, { part, schema }: Tables): Promise<number> {
  try {
    const { rows } = await client.query<{ readonly version: number }>(`SELECT version FROM ${schema}.versions WHERE part = $1`, [part])
    return rows[0]?.version ?? 0
  } catch (error) {
    if (isWithoutTables(error)) return 0
    throw error
  }
}

function isCurrent(found: number, { part, migrations }: Tables): boolean {
  if (found > migrations.length)
    throw new NewerTables(
      `The ${part} in PostgreSQL was written by a newer Postern (version ${found}, known here up to ${migrations.length}). Use that version, or another schema.`,
    )
  return found === migrations.length
}
