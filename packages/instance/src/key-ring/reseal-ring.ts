import { describeBinding, type KeptBinding, type KeptKey, type KeyRing, type RingChange } from '@postern/ports'
import { faultOf } from './edit-ring.js'
import { BrokenSeal, type MasterKeys } from './master-keys.js'
import { principalsOf, resealBinding, resealKey } from './ring-key.js'

/** How many rows are read or written at once. */
const rowsAtOnce = 200

/** How often a row is tried that another command changes meanwhile. */
const maxTries = 5

/** How many rows that cannot be read are named. */
const maxNamed = 20

/** What was sealed anew. */
export interface Resealed {
  readonly keys: number
  readonly bindings: number
  /** Rows that none of the master keys opens, and that stay as they are; the first of them by name. */
  readonly brokenCount: number
  readonly broken: readonly { readonly what: string; readonly reason: string }[]
}

/** One row, and how it is written anew. */
interface Row {
  /** The change that writes it; `undefined`: it is under the first master key. @throws {BrokenSeal} */
  readonly change: RingChange | undefined
  /** Reads the row once more, since another command has changed it; `undefined`: it is gone. */
  again(): Promise<Row | undefined>
}

/**
 * Seals every key of a ring, and marks every key and binding, under the first master key. Callers use their keys meanwhile: each row is
 * replaced in one change. What is under the first master key already stays, so a second run goes on where one was stopped.
 *
 * @param progress Is told the share of the keys that are done.
 * @throws {RingFault} if other commands keep changing a row; what was sealed anew before stays so.
 */
export async function resealRing(ring: KeyRing, masterKeys: MasterKeys, progress: (share: number) => void): Promise<Resealed> {
  const { keys: keyCount } = await ring.count()
  const done = { keys: 0, bindings: 0, seen: 0 }
  const broken: { readonly what: string; readonly reason: string }[] = []
  let brokenCount = 0

  /** Makes rows of what is read, and leaves out what cannot be read. */
  const rowsOf = <Kept>(kept: readonly Kept[], rowOf: (each: Kept) => Row, nameOf: (each: Kept) => string): Row[] =>
    kept.flatMap((each) => {
      try {
        const row = rowOf(each)
        return row.change === undefined ? [] : [row]
      } catch (error) {
        if (!(error instanceof BrokenSeal)) throw error
        brokenCount += 1
        if (broken.length < maxNamed) broken.push({ what: nameOf(each), reason: error.message })
        return []
      }
    })

  const keyRow = (kept: KeptKey): Row => {
    const key = resealKey(kept, masterKeys)
    return {
      change: key === undefined ? undefined : { keys: [key] },
      async again() {
        const now = await ring.key(kept.alias)
        return now === undefined ? undefined : keyRow(now)
      },
    }
  }
  const bindingRow = (kept: KeptBinding): Row => {
    const binding = resealBinding(kept, masterKeys)
    return {
      change: binding === undefined ? undefined : { unbind: [kept.selector], bind: [binding] },
      async again() {
        const [now] = await ring.bindings([kept.selector])
        return now === undefined ? undefined : bindingRow(now)
      },
    }
  }

  async function write(rows: readonly Row[]): Promise<number> {
    if (rows.length === 0) return 0
    const all = rows.map(({ change }) => change as RingChange)
    const conflict = await ring.change({
      keys: all.flatMap(({ keys = [] }) => keys),
      bind: all.flatMap(({ bind = [] }) => bind),
      unbind: all.flatMap(({ unbind = [] }) => unbind),
    })
    if (conflict === undefined) return rows.length
    // Another command has changed one of them: each is written by itself, from what it is now.
    let written = 0
    for (const row of rows) if (await writeOne(row)) written += 1
    return written
  }

  async function writeOne(first: Row): Promise<boolean> {
    let row: Row | undefined = first
    for (let tries = 1; row?.change !== undefined; tries += 1) {
      const conflict = await ring.change(row.change)
      if (conflict === undefined) return true
      if (tries === maxTries) throw faultOf(conflict)
      row = await row.again()
    }
    return false
  }

  for await (const keys of pagesOf(
    (after) => ring.keys(after, rowsAtOnce),
    ({ alias }) => alias,
  )) {
    done.keys += await write(rowsOf(keys, keyRow, ({ alias }) => `the key "${alias}"`))
    for (const { alias } of keys) {
      const read = (after: string | undefined) => ring.bindingsOf(alias, rowsAtOnce, after)
      for await (const bindings of pagesOf(read, ({ selector }) => selector))
        done.bindings += await write(
          rowsOf(bindings, bindingRow, ({ selector }) => `the binding of ${describeBinding(principalsOf(selector))}`),
        )
    }
    done.seen += keys.length
    progress(Math.min(1, done.seen / Math.max(1, keyCount)))
  }
  return { keys: done.keys, bindings: done.bindings, brokenCount, broken }
}

/** Reads page by page; the last page is not full. */
async function* pagesOf<Kept>(
  read: (after: string | undefined) => Promise<readonly Kept[]>,
  nameOf: (kept: Kept) => string,
): AsyncGenerator<readonly Kept[]> {
  for (let after: string | undefined; ; ) {
    const page = await read(after)
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (last === undefined || page.length < rowsAtOnce) return
    after = nameOf(last)
  }
}
