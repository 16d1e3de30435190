import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSqliteLedger, createSqliteLedgerReader } from '@postern/stores/ledger'
import { createPostgresLedger, createPostgresLedgerReader } from '@postern/stores/postgres-ledger'
import {
  createLedgerBook,
  type KeptLedger,
  ledgerAgreesWithBook,
  ledgerReaderSuite,
  ledgerSuite,
  type Sentence,
} from '@postern/stores/suites'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'

const folder = mkdtempSync(join(tmpdir(), 'postern-ledger-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A new one each time; the title of the test says it. */
const seed = Math.floor(Math.random() * 2 ** 31)

/** Runs each sentence at a place of its own. */
function holds(sentences: readonly Sentence<KeptLedger>[], open: () => Promise<KeptLedger & { close(): Promise<void> }>): void {
  test.each(sentences.map((sentence) => [sentence.title, sentence] as const))('%s', async (_, sentence) => {
    const opened: { close(): Promise<void> }[] = []
    try {
      await sentence.run(async () => {
        const kept = await open()
        opened.push(kept)
        return kept
      })
    } finally {
      await Promise.all(opened.map((kept) => kept.close()))
    }
  })
}

describe('the ledger in a SQLite file', () => {
  holds([...ledgerSuite, ledgerAgreesWithBook(seed, 3000), ...ledgerReaderSuite], async () => {
    const file = join(folder, `${randomUUID()}.db`)
    const ledger = await createSqliteLedger({ file })
    const reader = createSqliteLedgerReader(file)
    return {
      ledger,
      reader,
      async close() {
        await reader.close()
        await ledger.close()
      },
    }
  })
})

describe.skipIf(findProgram('postgresql') === undefined)('the ledger in PostgreSQL', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await preparePostgres()
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())

  holds([...ledgerSuite, ledgerAgreesWithBook(seed, 3000), ...ledgerReaderSuite], () => {
    const place = { url: postgres.url, schema: `s${randomUUID().replaceAll('-', '')}` }
    const ledger = createPostgresLedger(place)
    const reader = createPostgresLedgerReader(place)
    return Promise.resolve({
      ledger,
      reader,
      async close() {
        await reader.close()
        await ledger.close()
      },
    })
  })
})

describe('the book in memory that it is compared with', () => {
  holds(ledgerSuite, () => Promise.resolve({ ...createLedgerBook(), close: () => Promise.resolve() }))
})
