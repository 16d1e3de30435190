import type { Feed, Revocation, RevokedKind } from '@postern/ports'
import type { Ask, Row } from './connection.js'
import { readWhole, unreadable } from './replies.js'

/** How many revocations one statement reads. */
const pageSize = 1000

/** The revocations in a table. A mark is the number of a row. */
export function createRevocationFeed(ask: Ask, schema: string): Feed<Revocation> {
  // One at a time, so that a number is never read before a smaller one is committed. Whoever has turned off the wait for the disk gets it
  // back here: what was revoked must stay so.
  const append = `
    WITH turn AS MATERIALIZED (
      SELECT pg_advisory_xact_lock(hashtextextended($5, 0)),
        CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END
    )
    INSERT INTO ${schema}.revocations (kind, name, at, until) SELECT $1, $2, $3, $4 FROM turn RETURNING seq`
  // Where the table ends before a mark that was handed out, a replica took over that had missed rows: then all of them are given.
  const read = `
    SELECT seq, kind, name, at, until FROM ${schema}.revocations
    WHERE seq > CASE WHEN $1::bigint > (SELECT max(seq) FROM ${schema}.revocations) THEN 0 ELSE $1::bigint END
    ORDER BY seq LIMIT ${pageSize}`

  return {
    scope: 'shared',
    async append({ kind, name, at, until }) {
      // PostgreSQL keeps no NUL, and would refuse the statement.
      if (name.includes('\0')) throw new RangeError('A name holds no NUL.')
      const rows = await ask(append, [kind, name, at, until, `postern revocations ${schema}`])
      if (rows.length !== 1) throw unreadable()
    },
    async after(from = '0') {
      let mark = from
      const items: Revocation[] = []
      for (let page: readonly Row[] | undefined; page === undefined || page.length === pageSize; ) {
        page = await ask(read, [mark])
        for (const row of page) {
          items.push(readRevocation(row))
          mark = String(readWhole(row['seq']))
        }
      }
      return { items, mark }
    },
  }
}

function readRevocation({ kind, name, at, until }: Row): Revocation {
  if (typeof kind !== 'string' || !kinds.has(kind) || typeof name !== 'string' || typeof at !== 'number' || typeof until !== 'number')
    throw unreadable()
  return { kind: kind as RevokedKind, name, at, until }
}

const kinds: ReadonlySet<string> = new Set<RevokedKind>(['id', 'user', 'team'])
