import { randomUUID } from 'node:crypto'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryStore, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import pg from 'pg'
import { patientMs } from './patient.js'
import { untilReady } from './until-ready.js'

/** The stores that schedules are played on, in the order of their turns. */
export const billStores = ['memory', 'SQLite', 'Redis', 'PostgreSQL'] as const
export type BillStore = (typeof billStores)[number]

/** Where stores of schedules are. */
export interface BillPlaces {
  /** For files of SQLite. */
  readonly folder: string
  readonly redisUrl: string
  readonly postgresUrl: string
}

/** A store that nobody has used. */
export interface FreshStore {
  readonly store: Store
  /** Whether it goes by the clock of this process. */
  readonly hasOurClock: boolean
  /** Removes what a closed store leaves behind. */
  clear(): Promise<void>
}

/**
 * Opens an empty store for each schedule. To make tables takes longer than to play a schedule: so they are made once, and a file is copied,
 * and a schema emptied, for the next schedule. For one schedule at a time.
 */
export interface StoreOpener {
  open(store: BillStore): Promise<FreshStore>
  close(): Promise<void>
}

export function createStoreOpener({ folder, redisUrl, postgresUrl }: BillPlaces): StoreOpener {
  const name = randomUUID()
  const schema = `s${name.replaceAll('-', '')}`
  const template = join(folder, `${name}.template.db`)
  let hasTemplate = false
  let client: pg.Client | undefined

  async function openFile(): Promise<FreshStore> {
    if (!hasTemplate) await (await untilReady(openStore({ sqlite: template }))).close()
    hasTemplate = true
    const file = join(folder, `${randomUUID()}.db`)
    copyFileSync(template, file)
    return {
      store: await untilReady(openStore({ sqlite: file })),
      hasOurClock: true,
      clear: async () => {
        for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
      },
    }
  }

  async function emptySchema(): Promise<void> {
    if (client === undefined) {
      client = new pg.Client({ connectionString: postgresUrl })
      await client.connect()
    }
    const { rows } = await client.query<{ readonly name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'versions'",
      [schema],
    )
    // It waits for statements of the store that has been closed. Where one of them waits for it in turn, PostgreSQL ends one of the two.
    const empty = `TRUNCATE ${rows.map((row) => row.name).join(', ')} RESTART IDENTITY`
    await client.query(empty).catch((error: Error & { readonly code?: string }) => {
      if (error.code !== '40P01') throw error
      return client?.query(empty)
    })
  }

  return {
    async open(store) {
      const clear = async (): Promise<void> => {}
      if (store === 'memory') return { store: createMemoryStore(), hasOurClock: true, clear }
      if (store === 'SQLite') return openFile()
      if (store === 'Redis')
        return { store: await untilReady(openStore({ redis: { url: redisUrl, prefix: `${randomUUID()}:` } })), hasOurClock: false, clear }
      const opened = openStore({ postgres: { url: postgresUrl, schema, answerMs: patientMs } })
      return { store: await untilReady(opened), hasOurClock: false, clear: emptySchema }
    },
    async close() {
      await client?.end()
      rmSync(template, { force: true })
    },
  }
}
