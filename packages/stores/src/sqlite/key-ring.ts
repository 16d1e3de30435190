import type { KeptBinding, KeptKey, KeyRing, RingChange, RingConflict, SecretUses } from '@postern/ports'
import { inTransaction, type SqliteFile } from './in-transaction.js'
import type { StoreFile } from './store-file.js'

/** How many changes are kept for those who follow them, and how many more there may be before the oldest go. */
const keptChanges = 10_000
const slack = 1000

/** How many conflicts are told at most. */
const mostConflicts = 20

/** How many staged rows are removed in one transaction. */
const rowsPerDiscard = 5000

/**
 * After how many pages an import moves what it wrote into the file itself, 16 MB. Pages that many rows come into are then written there once, and
 * not once for every 4 MB.
 */
const pagesOfImport = 4096

/** What is seen: rows that were written one by one, and those of published imports. */
const isSeen = '(batch = 0 OR batch IN (SELECT id FROM ring_batches WHERE published = 1))'

/** Keys and bindings in tables. An import writes its rows in many transactions, and one row makes all of them seen. */
export function createKeyRing({ database, work }: StoreFile): KeyRing {
  const sql = prepare(database)
  let isImporting = false
  const write = <T>(what: () => T): Promise<T> => work(() => inTransaction(database, what))

  function note(alias: string | null, selector: string | null): void {
    sql.note.run(alias, selector)
  }

  function forgetChanges(): void {
    const { first, last } = sql.changeRange.get() as { readonly first: number | null; readonly last: number | null }
    if (last !== null && first !== null && last - first > keptChanges + slack) sql.forget.run(last - keptChanges)
  }

  function conflictOf({ keys = [], removed = [], bind = [], unbind = [] }: RingChange): RingConflict | undefined {
    const versionOf = (alias: string): number => (sql.key.get(alias) as KeptKey | undefined)?.version ?? 0
    const aliases = [
      ...keys.filter(({ alias, version }) => versionOf(alias) !== version - 1),
      ...removed.filter(({ alias, version }) => versionOf(alias) !== version),
    ]
    const freed = new Set(unbind)
    const isBound = (selector: string): boolean => sql.binding.get(selector) !== undefined
    const taken = bind.map(({ selector }) => selector).filter((selector) => isBound(selector) && !freed.has(selector))
    const missing = unbind.filter((selector) => !isBound(selector))
    return conflict(
      aliases.map(({ alias }) => alias),
      [...taken, ...missing],
    )
  }

  function change(made: RingChange): RingConflict | undefined {
    const found = conflictOf(made)
    if (found !== undefined) return found
    const { keys = [], removed = [], bind = [], unbind = [], countAnew = [] } = made
    for (const { alias, version, row } of keys) {
      if (version === 1) sql.insertKey.run(alias, 0, version, row)
      else sql.updateKey.run(version, row, alias)
      note(alias, null)
    }
    for (const { alias } of removed) {
      sql.deleteKey.run(alias)
      note(alias, null)
    }
    for (const alias of [...removed.map((key) => key.alias), ...countAnew]) sql.forgetUses.run(alias)
    for (const selector of unbind) {
      note(bindingIn(sql.binding.get(selector))?.alias ?? null, selector)
      sql.deleteBinding.run(selector)
    }
    for (const { selector, alias, mac } of bind) {
      sql.insertBinding.run(selector, 0, alias, mac)
      note(alias, selector)
    }
    forgetChanges()
    return undefined
  }

  function batchOf(name: string): number {
    sql.insertBatch.run(name)
    return (sql.batch.get(name) as { readonly id: number }).id
  }

  function publish(name: string): RingConflict | undefined {
    const batch = batchOf(name)
    const aliases = (sql.stagedKeysThere.all(batch) as { readonly alias: string }[]).map(({ alias }) => alias)
    const selectors = (sql.stagedBindingsThere.all(batch) as { readonly selector: string }[]).map(({ selector }) => selector)
    const found = conflict(aliases, selectors)
    if (found !== undefined) return found
    sql.publish.run(batch)
    note(null, null)
    forgetChanges()
    return undefined
  }

  async function discard(name: string): Promise<void> {
    const discardSome = (): number => {
      const found = sql.unpublished.get(name) as { readonly id: number } | undefined
      if (found === undefined) return 0
      const removed = sql.discardKeys.run(found.id).changes + sql.discardBindings.run(found.id).changes
      if (removed === 0) sql.discardBatch.run(found.id)
      return removed
    }
    while ((await write(discardSome)) > 0);
  }

  return {
    scope: 'machine',
    bindings: (selectors) => work(() => selectors.flatMap((selector) => bindingIn(sql.binding.get(selector)) ?? [])),
    beginningsOf: (beginnings) => work(() => beginnings.filter((each) => sql.beginning.get(each, behind(each)) !== undefined)),
    key: (alias) => work(() => keyIn(sql.key.get(alias))),
    keys: (after = '', most) => work(() => sql.keys.all(after, most) as KeptKey[]),
    bindingsOf: (alias, most, after = '') => work(() => sql.bindingsOf.all(alias, after, most) as KeptBinding[]),
    count: () =>
      work(() => {
        const { keys, bindings } = sql.count.get() as { readonly keys: number; readonly bindings: number }
        return { keys, bindings }
      }),
    change: (made) => write(() => change(made)),
    remark: (bindings) =>
      write(() => {
        const others = bindings.flatMap(({ before: { selector, alias, mac: former }, mac }) => {
          if (sql.remark.run(mac, selector, alias, former).changes === 0) return [selector]
          note(alias, selector)
          return []
        })
        forgetChanges()
        return others
      }),
    addUses: (uses) =>
      write(() => {
        for (const { alias, since, calls, firstAt, lastAt } of uses) sql.addUses.run(alias, since, calls, firstAt, lastAt)
      }),
    usesOf: (alias) => work(() => (sql.usesOf.all(alias) as SecretUses[]).map(usesIn)),
    stage: (name, keys, bindings) => {
      if (!isImporting) database.exec(`PRAGMA wal_autocheckpoint = ${pagesOfImport}`)
      isImporting = true
      return write(() => {
        const batch = batchOf(name)
        // One statement for all: to run one costs more than to insert a row. In their order, neighbours come into the same pages.
        sql.stageKeys.run(batch, JSON.stringify(keys.map(({ alias, version, row }) => [alias, version, row]).toSorted(byFirst)))
        sql.stageBindings.run(batch, JSON.stringify(bindings.map(({ selector, alias, mac }) => [selector, alias, mac]).toSorted(byFirst)))
      })
    },
    publish: (name) => write(() => publish(name)),
    discard,
    changes: (mark) =>
      work(() => {
        const { first, last } = sql.changeRange.get() as { readonly first: number | null; readonly last: number | null }
        const next = String(last ?? 0)
        if (mark === undefined) return { changed: { aliases: [], selectors: [] }, mark: next }
        // Where changes before the mark are gone, or the file was put back to an older one, anything may be another.
        const isKnown = Number(mark) <= Number(next) && (first === null || Number(mark) >= first - 1)
        if (!isKnown) return { changed: undefined, mark: next }
        const rows = sql.changes.all(Number(mark)) as { readonly alias: string | null; readonly selector: string | null }[]
        if (rows.some(({ alias, selector }) => alias === null && selector === null)) return { changed: undefined, mark: next }
        const aliases = rows.flatMap(({ alias }) => alias ?? [])
        return { changed: { aliases, selectors: rows.flatMap(({ selector }) => selector ?? []) }, mark: next }
      }),
  }
}

/** Compares rows by their first value. */
function byFirst([one = '']: readonly (string | number)[], [other = '']: readonly (string | number)[]): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** The driver adds a member of its own to a single row. */
function keyIn(found: unknown): KeptKey | undefined {
  if (found === undefined) return undefined
  const { alias, version, row } = found as KeptKey
  return { alias, version, row }
}

function bindingIn(found: unknown): KeptBinding | undefined {
  if (found === undefined) return undefined
  const { selector, alias, mac } = found as KeptBinding
  return { selector, alias, mac }
}

function usesIn({ alias, since, calls, firstAt, lastAt }: SecretUses): SecretUses {
  return { alias, since, calls, firstAt, lastAt }
}

/** The first text behind all that begin with a text that ends in a line feed. */
function behind(beginning: string): string {
  return `${beginning.slice(0, -1)}\v`
}

function conflict(aliases: readonly string[], selectors: readonly string[]): RingConflict | undefined {
  if (aliases.length === 0 && selectors.length === 0) return undefined
  return { aliases: [...new Set(aliases)].slice(0, mostConflicts), selectors: [...new Set(selectors)].slice(0, mostConflicts) }
}

function prepare(database: SqliteFile) {
  return {
    binding: database.prepare(`SELECT selector, alias, mac FROM ring_bindings WHERE selector = ? AND ${isSeen}`),
    beginning: database.prepare(`SELECT 1 FROM ring_bindings WHERE selector >= ? AND selector < ? AND ${isSeen} LIMIT 1`),
    key: database.prepare(`SELECT alias, version, row FROM ring_keys WHERE alias = ? AND ${isSeen}`),
    keys: database.prepare(`SELECT alias, version, row FROM ring_keys WHERE alias > ? AND ${isSeen} ORDER BY alias LIMIT ?`),
    bindingsOf: database.prepare(
      `SELECT selector, alias, mac FROM ring_bindings WHERE alias = ? AND selector > ? AND ${isSeen} ORDER BY selector LIMIT ?`,
    ),
    count: database.prepare(
      `SELECT (SELECT count(*) FROM ring_keys WHERE ${isSeen}) AS keys, (SELECT count(*) FROM ring_bindings WHERE ${isSeen}) AS bindings`,
    ),
    insertKey: database.prepare('INSERT INTO ring_keys (alias, batch, version, row) VALUES (?, ?, ?, ?)'),
    updateKey: database.prepare(`UPDATE ring_keys SET version = ?, row = ? WHERE alias = ? AND ${isSeen}`),
    deleteKey: database.prepare(`DELETE FROM ring_keys WHERE alias = ? AND ${isSeen}`),
    insertBinding: database.prepare('INSERT INTO ring_bindings (selector, batch, alias, mac) VALUES (?, ?, ?, ?)'),
    deleteBinding: database.prepare(`DELETE FROM ring_bindings WHERE selector = ? AND ${isSeen}`),
    remark: database.prepare(`UPDATE ring_bindings SET mac = ? WHERE selector = ? AND alias = ? AND mac = ? AND ${isSeen}`),
    addUses: database.prepare(
      `INSERT INTO ring_uses (alias, since, calls, first_at, last_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (alias, since) DO UPDATE SET
       calls = calls + excluded.calls, first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`,
    ),
    usesOf: database.prepare(
      'SELECT alias, since, calls, first_at AS firstAt, last_at AS lastAt FROM ring_uses WHERE alias = ? ORDER BY since',
    ),
    forgetUses: database.prepare('DELETE FROM ring_uses WHERE alias = ?'),
    insertBatch: database.prepare('INSERT OR IGNORE INTO ring_batches (name, published) VALUES (?, 0)'),
    batch: database.prepare('SELECT id FROM ring_batches WHERE name = ?'),
    unpublished: database.prepare('SELECT id FROM ring_batches WHERE name = ? AND published = 0'),
    publish: database.prepare('UPDATE ring_batches SET published = 1 WHERE id = ?'),
    stageKeys: database.prepare(
      'INSERT INTO ring_keys (alias, batch, version, row) SELECT value ->> 0, ?, value ->> 1, value ->> 2 FROM json_each(?)',
    ),
    stageBindings: database.prepare(
      'INSERT INTO ring_bindings (selector, batch, alias, mac) SELECT value ->> 0, ?, value ->> 1, value ->> 2 FROM json_each(?)',
    ),
    stagedKeysThere: database.prepare(
      `SELECT alias FROM ring_keys WHERE ${isSeen} AND alias IN (SELECT alias FROM ring_keys WHERE batch = ?) LIMIT ${mostConflicts}`,
    ),
    stagedBindingsThere: database.prepare(
      `SELECT selector FROM ring_bindings WHERE ${isSeen} AND selector IN (SELECT selector FROM ring_bindings WHERE batch = ?) LIMIT ${mostConflicts}`,
    ),
    discardKeys: database.prepare(
      `DELETE FROM ring_keys WHERE (alias, batch) IN (SELECT alias, batch FROM ring_keys WHERE batch = ? LIMIT ${rowsPerDiscard})`,
    ),
    discardBindings: database.prepare(
      `DELETE FROM ring_bindings WHERE (selector, batch) IN (SELECT selector, batch FROM ring_bindings WHERE batch = ? LIMIT ${rowsPerDiscard})`,
    ),
    discardBatch: database.prepare('DELETE FROM ring_batches WHERE id = ?'),
    note: database.prepare('INSERT INTO ring_changes (alias, selector) VALUES (?, ?)'),
    // Two queries, each by the index: one query for both would read every row.
    changeRange: database.prepare('SELECT (SELECT min(seq) FROM ring_changes) AS first, (SELECT max(seq) FROM ring_changes) AS last'),
    changes: database.prepare('SELECT alias, selector FROM ring_changes WHERE seq > ? ORDER BY seq'),
    forget: database.prepare('DELETE FROM ring_changes WHERE seq <= ?'),
  }
}
