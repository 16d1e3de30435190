import type { Store } from '@postern/ports'
import { storeQuestion } from './ask-store.js'
import type { Link } from './link.js'
import { HeldLeases } from './held-leases.js'

/** A store as one other process uses it. */
export interface ServedStore {
  /**
   * The other process has ended: ends the leases of what it had set aside, so that it is booked as spent, and those of its notes, so that
   * another process takes them over. Without it they end by themselves, up to a minute later.
   *
   * @returns How many calls it had under way that had set something aside.
   */
  abandon(): Promise<number>
}

/** What the other process may call. */
const methods = new Map<string, readonly string[]>([
  ['seen', ['add']],
  ['counters', ['add']],
  ['locks', ['take', 'release']],
  ['revocations', ['append', 'after']],
  ['budgets', ['reserve', 'extend', 'settle', 'look', 'bookAbandoned', 'takeNotes', 'dropNotes']],
  [
    'keyRing',
    [
      'bindings',
      'beginningsOf',
      'key',
      'keys',
      'bindingsOf',
      'count',
      'change',
      'remark',
      'addUses',
      'usesOf',
      'stage',
      'publish',
      'discard',
      'changes',
    ],
  ],
])

/** Serves a store to the process at the other end of a link, which opens it with `createChannelStore`. */
export function serveStore(store: Store, link: Link): ServedStore {
  const leases = new HeldLeases(store.budgets)
  const ports = { ...store, budgets: leases.watched } as unknown as Readonly<
    Record<string, Record<string, (...args: unknown[]) => unknown>>
  >
  link.answer(storeQuestion, (name: string, method: string, args: readonly unknown[]) => {
    const port = methods.get(name)?.includes(method) === true ? ports[name] : undefined
    if (port === undefined) throw new Error(`The store has no ${name}.${method}.`)
    return port[method]?.(...args)
  })
  return { abandon: () => leases.abandon() }
}
