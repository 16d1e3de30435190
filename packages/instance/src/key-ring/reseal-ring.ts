import { describeBinding, fieldsOfIdentity, type KeptBinding, type KeptKey, type KeyRing } from '@postern/ports'
import { BrokenSeal, type MasterKeys } from './master-keys.js'
import { RingFault } from './ring-fault.js'
import { resealBinding, resealKey } from './ring-key.js'

/** How many rows are read or written at once. */
const rowsAtOnce = 200

/** How often a row is tried that other commands change meanwhile. */
const maxTries = 5

/** How many rows that stay as they are are named. */
const maxNamed = 20

/** What was sealed anew. */
export interface Resealed {
  readonly keys: number
  readonly bindings: number
  /** Rows that stay as they are: no master key opens them, or they cannot be written. The first of them by name. */
  readonly brokenCount: number
  readonly broken: readonly { readonly what: string; readonly reason: string }[]
}

/** How one kind of rows is sealed anew. */
interface RowKind<Kept> {
  /** The row as it will be; `undefined`: it is under the first master key already. @throws {BrokenSeal | RingFault} if it has to stay. */
  reseal(kept: Kept): Kept | undefined
  /** Writes rows. @returns Those that another command has changed meanwhile, in either form. */
  write(rows: readonly { readonly before: Kept; readonly after: Kept }[]): Promise<readonly Kept[]>
  /** Reads a row again; `undefined`: it is gone. */
  read(kept: Kept): Promise<Kept | undefined>
  nameOf(kept: Kept): string
}

/**
 * Seals every key of a ring, and marks every key and the bindings that lead to it, under the first master key. Callers use their keys
 * meanwhile. A row is replaced only if it is still what was read: what another command writes stays, and is sealed anew as it is then. So a
 * walk that was stopped is begun again. A binding that leads to no key is left as it is.
 *
 * @param progress Is told the share of the keys that are done.
 */
export async function resealRing(ring: KeyRing, masterKeys: MasterKeys, progress: (share: number) => void): Promise<Resealed> {
  const { keys: keyCount } = await ring.count()
  const broken: { readonly what: string; readonly reason: string }[] = []
  let brokenCount = 0

  function stays(what: string, reason: string): void {
    brokenCount += 1
    if (broken.length < maxNamed) broken.push({ what, reason })
  }

  /** @returns How many rows were sealed anew. */
  async function reseal<Kept>(kind: RowKind<Kept>, read: readonly Kept[]): Promise<number> {
    let [done, kept] = [0, read]
    for (let tries = 0; kept.length > 0; tries += 1) {
      const rows = kept.flatMap((before) => {
        const after = resealed(kind, before)
        return after === undefined ? [] : [{ before, after }]
      })
      if (rows.length === 0) break
      if (tries === maxTries) {
        for (const { before } of rows) stays(kind.nameOf(before), 'Other commands change it again and again.')
        break
      }
      const others = await kind.write(rows)
      done += rows.length - others.length
      kept = (await Promise.all(others.map((other) => kind.read(other)))).filter((row) => row !== undefined)
    }
    return done
  }

  function resealed<Kept>(kind: RowKind<Kept>, kept: Kept): Kept | undefined {
    try {
      return kind.reseal(kept)
    } catch (error) {
      if (!(error instanceof BrokenSeal) && !(error instanceof RingFault)) throw error
      stays(kind.nameOf(kept), error.message)
      return undefined
    }
  }

  const ofKeys: RowKind<KeptKey> = {
    reseal: (kept) => resealKey(kept, masterKeys),
    async write(rows) {
      if ((await ring.change({ keys: rows.map(({ after }) => after) })) === undefined) return []
      // One of them is another now: each is written by itself.
      const others: KeptKey[] = []
      for (const { before, after } of rows) if ((await ring.change({ keys: [after] })) !== undefined) others.push(before)
      return others
    },
    read: ({ alias }) => ring.key(alias),
    nameOf: ({ alias }) => `the key "${alias}"`,
  }
  const ofBindings: RowKind<KeptBinding> = {
    reseal: (kept) => resealBinding(kept, masterKeys),
    async write(rows) {
      const others = new Set(await ring.remark(rows.map(({ before, after: { mac } }) => ({ before, mac }))))
      return rows.flatMap(({ before }) => (others.has(before.selector) ? [before] : []))
    },
    read: async ({ selector }) => (await ring.bindings([selector]))[0],
    nameOf: ({ selector }) => `the binding of ${describeBinding(fieldsOfIdentity(selector))}`,
  }

  const done = { keys: 0, bindings: 0, seen: 0 }
  for await (const keys of pagesOf(
    (after) => ring.keys(after, rowsAtOnce),
    ({ alias }) => alias,
  )) {
    done.keys += await reseal(ofKeys, keys)
    for (const { alias } of keys) {
      const read = (after: string | undefined) => ring.bindingsOf(alias, rowsAtOnce, after)
      for await (const bindings of pagesOf(read, ({ selector }) => selector)) done.bindings += await reseal(ofBindings, bindings)
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
