/**
 * Writes calls into the file of a ledger that has none, as one that was kept for many days has them, and tells how far it is. A ledger takes
 * each call from the process, which costs ten times as much: so what is measured on a large file begins with one that is filled like this.
 *
 * Arguments: the file, how many calls, when the first was made (milliseconds since the epoch), and over how many milliseconds they spread.
 */
import { createRequire } from 'node:module'

const Database = createRequire(new URL('../../packages/stores/package.json', import.meta.url))('libsql')

const [file, ...numbers] = process.argv.slice(2)
const [rows, beginMs, spreadMs] = numbers.map(Number)

/** How many calls are written at a time. */
const atOnce = 500_000

// 3,000 users, each of one team, who call six models each.
const user = '((i * 2654435761) & 4294967295)'
const names = `
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 17999)
  INSERT INTO who (id, user, team, project, key, gateway, model, last_day)
  SELECT i + 1, 'user-' || (i / 6), 'team-' || (i / 6 % 10), '', 'key-' || (i / 6 % 10), 'main', 'model-' || (i % 6), ${Math.floor((beginMs + spreadMs) / 86_400_000)} FROM n`
const calls = `
  WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?)
  INSERT INTO calls (id, time, who, request_id, attempt, workflow, step, method, path, status, finish, input, output, cost, unit, estimated, duration_ms, gateway_ms)
  SELECT i + 1, ${beginMs} + CAST(i * ${spreadMs}.0 / ${rows} AS INTEGER), ${user} % 3000 * 6 + ${user} / 4096 % 6 + 1,
    'run-' || (i >> 4) || ':step-' || (i & 15) || ':01J000000000000000' || i, 1, 'run-' || (i >> 4), 'step-' || (i & 15),
    'POST', '/v1/chat/completions', 200, 'complete', 1200, 300, 1234000, 'USD', 0, 812.5, 800.0
  FROM n`

const database = new Database(file)
database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -256000; PRAGMA temp_store = FILE')
const indexes = database
  .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'calls' AND sql IS NOT NULL")
  .all()
for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
database.exec(names)
const insert = database.prepare(calls)
for (let from = 0; from < rows; from += atOnce) {
  insert.run(from, Math.min(from + atOnce, rows) - 1)
  process.stderr.write(`${Math.min(from + atOnce, rows)} of ${rows} rows\n`)
}
for (const { name, sql } of indexes) {
  process.stderr.write(`${name}\n`)
  database.exec(sql)
}
// As a file of the version before the sums: whoever opens it to write adds up what is there.
database.exec('DROP TABLE sums; PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)')
database.close()
