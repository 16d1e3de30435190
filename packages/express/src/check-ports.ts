import { ConfigError } from '@postern/config'
import type { Ledger, Store } from '@postern/ports'

/** What Postern calls at each port of a store. */
const methodsOf: Readonly<Record<'seen' | 'counters' | 'budgets' | 'locks' | 'revocations', readonly string[]>> = {
  seen: ['add'],
  counters: ['add'],
  budgets: ['reserve', 'extend', 'settle', 'look', 'bookAbandoned', 'takeNotes', 'dropNotes'],
  locks: ['take', 'release'],
  revocations: ['append', 'after'],
}

/**
 * Checks that a store of the application's own has every port, before a call is the first to miss one.
 *
 * @throws {ConfigError} that names what is missing; for a store of the interface before ports also what became of each method.
 */
export function checkPorts(store: Store): void {
  const missing = Object.entries(methodsOf).flatMap(([port, methods]) => {
    const found = memberOf(store, port)
    return methods.filter((method) => typeof memberOf(found, method) !== 'function').map((method) => `${port}.${method}`)
  })
  if (missing.length === 0) return
  const hasVerbs = typeof memberOf(store, 'remember') === 'function'
  throw new ConfigError([
    {
      severity: 'error',
      path: 'store',
      reason: `that is passed has no ${missing.join(', ')}.`,
      fix: hasVerbs
        ? 'Rename: remember is seen.add, count is counters.add, revoke is revocations.append, and revocations(after) is revocations.after(mark), whose answer has items in place of revocations.'
        : 'Pass what openStore of @postern/stores gives, or a Store of your own as @postern/ports describes it.',
    },
  ])
}

/**
 * Checks that a ledger of the application's own can take entries.
 *
 * @throws {ConfigError} that names what is missing.
 */
export function checkLedger(ledger: Ledger): void {
  const missing = ['append', 'flush'].filter((method) => typeof memberOf(ledger, method) !== 'function')
  if (missing.length === 0) return
  throw new ConfigError([
    {
      severity: 'error',
      path: 'ledger',
      reason: `that is passed has no ${missing.join(', ')}.`,
      fix:
        typeof memberOf(ledger, 'then') === 'function'
          ? 'It is still a promise: write  await  before it, as in  { ledger: await createSqliteLedger({ file }) }.'
          : 'Pass what createSqliteLedger of @postern/stores/ledger gives, or a Ledger of your own as @postern/ports describes it.',
    },
  ])
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
