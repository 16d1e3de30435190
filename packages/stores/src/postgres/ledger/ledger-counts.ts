import type { KeptCount, LedgerCounts } from '@postern/ports'
import type { Ask } from '../connection.js'

/** How many windows a page has. */
const pageSize = 1000

/** Counts of a ledger in PostgreSQL. */
export function createLedgerCounts(ask: Ask, schema: string): LedgerCounts {
  return {
    async generation() {
      const [found] = await ask(`SELECT generation, serial FROM ${schema}.counted_of`, [])
      return found === undefined ? undefined : { generation: String(found['generation']), serial: Number(found['serial']) }
    },
    async begin({ generation, serial }) {
      await ask(
        `INSERT INTO ${schema}.counted_of (generation, serial) VALUES ($1, $2)
           ON CONFLICT (one) DO UPDATE SET generation = excluded.generation, serial = excluded.serial`,
        [generation, serial],
      )
    },
    async add(counts) {
      const rows = counts.map(({ window, amount, endsMs = -1, forgetsMs = Number.MAX_SAFE_INTEGER }) => [window, amount, endsMs, forgetsMs])
      await ask(
        `INSERT INTO ${schema}.counts AS kept (window_name, amount, ends, forgets)
           SELECT part ->> 0, (part ->> 1)::numeric, (part ->> 2)::bigint, (part ->> 3)::bigint
           FROM jsonb_array_elements($1::jsonb) AS part ORDER BY (part ->> 0) COLLATE "C"
           ON CONFLICT (window_name) DO UPDATE SET amount = greatest(kept.amount, excluded.amount)`,
        [JSON.stringify(rows)],
      )
    },
    async reached({ generation, serial }) {
      await ask(`UPDATE ${schema}.counted_of SET serial = greatest(serial, $2::bigint) WHERE generation = $1`, [generation, serial])
    },
    async page(after) {
      const rows = await ask(
        `SELECT window_name, amount, ends, forgets FROM ${schema}.counts
           WHERE window_name > $1 COLLATE "C" AND amount > 0 AND forgets > ${schema}.ledger_now_ms() ORDER BY window_name LIMIT ${pageSize}`,
        [after ?? ''],
      )
      return rows.map(
        (row): KeptCount => ({
          window: String(row['window_name']),
          amount: Number(row['amount']),
          endsMs: row['ends'] === '-1' || row['ends'] === -1 ? undefined : Number(row['ends']),
          forgetsMs: Number(row['forgets']) >= Number.MAX_SAFE_INTEGER ? undefined : Number(row['forgets']),
        }),
      )
    },
  }
}
