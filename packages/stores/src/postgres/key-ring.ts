import type { KeptBinding, KeptKey, KeyRing, RingConflict, SecretUses } from '@postern/ports'
import type { Ask, Row } from './connection.js'
import { readTexts, readValue, readWhole, unreadable } from './replies.js'

/** How many changes are told one by one; whoever follows from further back is told that any may be. */
const toldChanges = 10_000

/** How long an import of many keys may take to be published or removed, one step of it, in milliseconds. */
const importMs = 60_000

/** How many staged rows are removed in one statement. */
const rowsPerDiscard = 5000

/** Keys and bindings in tables. An import writes its rows in many statements, and one row makes all of them seen. */
export function createKeyRing(ask: Ask, schema: string): KeyRing {
  const keyColumns = 'alias, version, content AS row'
  return {
    scope: 'shared',
    async bindings(selectors) {
      const rows = await ask(`SELECT selector, alias, mac FROM ${schema}.seen_bindings WHERE selector = ANY ($1)`, [selectors])
      return rows.map(readBinding)
    },
    async beginningsOf(beginnings) {
      // U+000B is the first character behind a line feed, in which each of them ends.
      const range = `kept.selector >= given.beginning AND kept.selector < left(given.beginning, -1) || chr(11) COLLATE "C"`
      const isThere = `EXISTS (SELECT 1 FROM ${schema}.seen_bindings AS kept WHERE ${range})`
      const rows = await ask(`SELECT beginning FROM unnest($1::text[]) AS given (beginning) WHERE ${isThere}`, [beginnings])
      return readTexts(rows.map(({ beginning }) => beginning))
    },
    async key(alias) {
      const [row] = await ask(`SELECT ${keyColumns} FROM ${schema}.seen_keys WHERE alias = $1`, [alias])
      return row === undefined ? undefined : readKey(row)
    },
    async keys(after = '', most) {
      return (await ask(`SELECT ${keyColumns} FROM ${schema}.seen_keys WHERE alias > $1 ORDER BY alias LIMIT $2`, [after, most])).map(
        readKey,
      )
    },
    async bindingsOf(alias, most, after = '') {
      const page = 'WHERE alias = $1 AND selector > $2 ORDER BY selector LIMIT $3'
      const rows = await ask(`SELECT selector, alias, mac FROM ${schema}.seen_bindings ${page}`, [alias, after, most])
      return rows.map(readBinding)
    },
    async count() {
      const count = `SELECT (SELECT count(*) FROM ${schema}.seen_keys) AS keys, (SELECT count(*) FROM ${schema}.seen_bindings) AS bindings`
      const [row] = await ask(count, [], importMs)
      return { keys: readWhole(row?.['keys']), bindings: readWhole(row?.['bindings']) }
    },
    async change({ keys = [], removed = [], bind = [], unbind = [], countAnew = [] }) {
      const values = [JSON.stringify(keys), JSON.stringify(removed), JSON.stringify(bind), unbind, countAnew]
      return readConflict(
        readValue(await ask(`SELECT ${schema}.ring_change($1, $2, $3, $4, $5) AS conflict`, values, importMs), 'conflict'),
      )
    },
    async remark(bindings) {
      const given = bindings.map(({ before: { selector, alias, mac: former }, mac }) => ({ selector, alias, former, mac }))
      return readTexts(readValue(await ask(`SELECT ${schema}.ring_remark($1) AS others`, [JSON.stringify(given)], importMs), 'others'))
    },
    async addUses(uses) {
      await ask(`SELECT ${schema}.ring_add_uses($1)`, [JSON.stringify(uses)])
    },
    async usesOf(alias) {
      const columns = 'alias, since, calls, first_at, last_at'
      return (await ask(`SELECT ${columns} FROM ${schema}.ring_uses WHERE alias = $1 ORDER BY since`, [alias])).map(readUses)
    },
    async stage(batch, keys, bindings) {
      await ask(`SELECT ${schema}.ring_stage($1, $2, $3)`, [batch, JSON.stringify(keys), JSON.stringify(bindings)], importMs)
    },
    async publish(batch) {
      return readConflict(readValue(await ask(`SELECT ${schema}.ring_publish($1) AS conflict`, [batch], importMs), 'conflict'))
    },
    async discard(batch) {
      const discard = `SELECT ${schema}.ring_discard($1, $2) AS has_more`
      while (readValue(await ask(discard, [batch, rowsPerDiscard], importMs), 'has_more') === true);
    },
    async changes(mark) {
      const rows = await ask(
        `SELECT ends.first, ends.last, made.alias, made.selector, made.seq IS NOT NULL AS is_change
         FROM (SELECT min(seq) AS first, coalesce(max(seq), 0) AS last FROM ${schema}.ring_changes) AS ends
         LEFT JOIN ${schema}.ring_changes AS made ON made.seq > $1::bigint
         ORDER BY made.seq LIMIT ${toldChanges + 1}`,
        [mark ?? Number.MAX_SAFE_INTEGER],
      )
      const [row] = rows
      if (row === undefined) throw unreadable()
      const next = String(readWhole(row['last']))
      if (mark === undefined) return { changed: { aliases: [], selectors: [] }, mark: next }
      const first = row['first'] === null ? undefined : readWhole(row['first'])
      // Where changes before the mark are gone, or a replica took over that had missed some, anything may be another.
      const isKnown = Number(mark) <= Number(next) && (first === undefined || Number(mark) >= first - 1)
      const made = rows.filter((each) => each['is_change'] === true)
      const isAny = made.some(({ alias, selector }) => alias === null && selector === null)
      if (!isKnown || isAny || made.length > toldChanges) return { changed: undefined, mark: next }
      const textsAt = (column: string): readonly string[] => readTexts(made.map((each) => each[column]).filter((text) => text !== null))
      return { changed: { aliases: textsAt('alias'), selectors: textsAt('selector') }, mark: next }
    },
  }
}

function readKey({ alias, version, row }: Row): KeptKey {
  if (typeof alias !== 'string' || typeof row !== 'string') throw unreadable()
  return { alias, version: readWhole(version), row }
}

function readBinding({ selector, alias, mac }: Row): KeptBinding {
  if (typeof selector !== 'string' || typeof alias !== 'string' || typeof mac !== 'string') throw unreadable()
  return { selector, alias, mac }
}

function readUses(row: Row): SecretUses {
  const { alias } = row
  if (typeof alias !== 'string') throw unreadable()
  const numberAt = (column: string): number => readWhole(row[column])
  return { alias, since: numberAt('since'), calls: numberAt('calls'), firstAt: numberAt('first_at'), lastAt: numberAt('last_at') }
}

function readConflict(value: unknown): RingConflict | undefined {
  if (value === null) return undefined
  const { aliases, selectors } = value as { readonly aliases?: unknown; readonly selectors?: unknown }
  return { aliases: readTexts(aliases), selectors: readTexts(selectors) }
}
