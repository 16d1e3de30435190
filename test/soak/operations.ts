import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { users } from './kinds.js'
import { newSecret, type Stand } from './stand.js'
import { runCommand } from './subject.js'

/** The SQLite that Postern's own stores use. */
const Database = createRequire(new URL('../../../../packages/stores/package.json', import.meta.url))('libsql') as new (
  file: string,
) => { exec(sql: string): void; prepare(sql: string): { get(): Record<string, number> }; close(): void }

/** How long the store is locked, which is more than calls wait for it, and how long calls may feel it afterwards, in milliseconds. */
const lockMs = 4000
const afterLockMs = 2500

/** How long Postern may take to read its configuration again, in milliseconds. */
const reloadLimitMs = 30_000

/** What an operator does, and what befalls a store, while calls go on. */
export interface Operation {
  readonly name: string
  readonly run: () => Promise<void>
}

export interface Operations {
  /** In the order in which they are done, again and again. */
  readonly all: readonly Operation[]
  /** Whether calls may be refused now since the store is locked. */
  readonly isStoreAway: () => boolean
}

/** How many calls the ledger has. */
export function countLedger(folder: string): number {
  const ledger = new Database(join(folder, 'ledger.db'))
  try {
    return ledger.prepare('SELECT count(*) AS rows FROM calls').get()['rows'] ?? 0
  } finally {
    ledger.close()
  }
}

export function operationsAt(stand: Stand): Operations {
  const { folder, settings, subject } = stand
  let awayUntil = 0
  let revoked = users.length

  const until = async (message: string, count: number): Promise<void> => {
    const deadline = performance.now() + reloadLimitMs
    while (subject.count(message) < count) {
      if (performance.now() > deadline) throw new Error(`Postern did not log "${message}" in ${reloadLimitMs / 1000} s.`)
      await sleep(20)
    }
  }
  const reload = async (config?: string): Promise<void> => {
    const message = config === undefined ? 'configuration_taken' : 'configuration_refused'
    const before = subject.count(message)
    settings.generation += 1
    await stand.write(config)
    subject.signal('SIGHUP')
    await until(message, before + 1)
    // Commands read the file too.
    if (config !== undefined) await stand.write()
  }
  const rotate = (...stage: readonly string[]): Promise<void> =>
    runCommand(folder, ['keys', 'rotate', 'acme', ...stage], { NEXT: `sk-${newSecret()}` })

  /** What calls send now must be let in before, during and after: each side learns the new one before the other forgets the old one. */
  const rotateSession = async (): Promise<void> => {
    const next = newSecret()
    settings.sessions = [...settings.sessions.slice(0, 1), next]
    await reload()
    settings.sessions = [next, ...settings.sessions.slice(0, 1)]
    await reload()
  }
  const rotateService = async (): Promise<void> => {
    const [former = ''] = settings.services
    const next = newSecret()
    settings.services = [former, next]
    await reload()
    settings.services = [next, former]
    await reload()
  }
  const revoke = async (): Promise<void> => {
    revoked = revoked === 0 ? users.length - 1 : revoked - 1
    await runCommand(folder, ['session', 'revoke', '--user', users[revoked] ?? ''])
  }
  const lock = async (): Promise<void> => {
    const store = new Database(join(folder, 'store.db'))
    awayUntil = performance.now() + lockMs + afterLockMs
    try {
      store.exec('PRAGMA busy_timeout = 5000')
      store.exec('BEGIN EXCLUSIVE')
      awayUntil = performance.now() + lockMs + afterLockMs
      await sleep(lockMs)
      store.exec('ROLLBACK')
    } finally {
      store.close()
    }
  }

  return {
    isStoreAway: () => performance.now() < awayUntil,
    all: [
      { name: 'reload', run: () => reload() },
      { name: 'new gateway key: take', run: () => rotate('--take', '--secret-env', 'NEXT') },
      { name: 'new secret of sessions', run: rotateSession },
      { name: 'new gateway key: validate', run: () => rotate('--validate') },
      { name: 'sessions revoked', run: revoke },
      { name: 'new gateway key: half of the callers', run: () => rotate('--share', '50') },
      { name: 'reload of a broken file', run: () => reload('{ "version": 1, "gateways": ') },
      { name: 'new gateway key: confirm', run: () => rotate('--confirm', '--yes') },
      { name: 'store locked', run: lock },
      { name: 'new gateway key: promote', run: () => rotate('--promote') },
      { name: 'new credential of the service', run: rotateService },
      { name: 'new gateway key: retire', run: () => rotate('--retire', '--yes') },
    ],
  }
}
