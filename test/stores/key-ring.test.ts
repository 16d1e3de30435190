import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore, type KeyRing, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { keyRingSuite } from '@postern/stores/suites'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patientMs } from '../support/patient.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { serveOverSocket, type SocketStore } from '../support/serve-over-socket.js'
import { untilReady } from '../support/until-ready.js'
import { findProgram } from '../support/programs.js'

const folder = mkdtempSync(join(tmpdir(), 'postern-key-ring-'))
const served: SocketStore[] = []
afterAll(async () => {
  for (const each of served) await each.close()
  rmSync(folder, { recursive: true })
})

/** Gives a place of its own, which gives handles on one and the same store. */
type Prepare = () => () => Store

const withoutPostgres = findProgram('postgresql') === undefined
let postgres: PostgresServer
beforeAll(async () => {
  if (withoutPostgres) return
  postgres = await preparePostgres()
  await postgres.start()
})
afterAll(async () => {
  if (!withoutPostgres) await postgres.close()
})

const technologies: Readonly<Record<string, Prepare>> = {
  memory() {
    const store = createMemoryStore()
    return () => store
  },
  SQLite() {
    const sqlite = join(folder, `${randomUUID()}.db`)
    return () => openStore({ sqlite })
  },
  channel() {
    const one = serveOverSocket(createMemoryStore(), folder)
    served.push(one)
    return one.open
  },
  PostgreSQL() {
    const schema = `s${randomUUID().replaceAll('-', '')}`
    return () => openStore({ postgres: { url: postgres.url, schema, answerMs: patientMs } })
  },
}

describe.each(Object.entries(technologies))('the key ring in %s', (name, prepare) => {
  test.skipIf(name === 'PostgreSQL' && withoutPostgres).each(keyRingSuite.map((sentence) => [sentence.title, sentence] as const))(
    '%s',
    async (_title, sentence) => {
      const openHere = prepare()
      const opened: Store[] = []
      try {
        await sentence.run(async () => {
          const store = openHere()
          opened.push(store)
          return (await untilReady(store)).keyRing as KeyRing
        })
      } finally {
        await Promise.all(opened.map((store) => store.close()))
      }
    },
  )
})

test('who followed a ring in SQLite before many changes is told that any may have changed', async () => {
  const store = openStore({ sqlite: join(folder, `${randomUUID()}.db`) })
  const ring = store.keyRing as KeyRing
  const keyOf = (index: number) => ({ alias: `k${index}`, version: 1, row: '{}' })
  await ring.change({ keys: [keyOf(0)] })
  const { mark } = await ring.changes()
  for (let from = 1; from < 12_001; from += 2000)
    await ring.change({ keys: Array.from({ length: 2000 }, (_, index) => keyOf(from + index)) })
  expect((await ring.changes(mark)).changed).toBeUndefined()
  await store.close()
})
