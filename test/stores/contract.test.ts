import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope, Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import {
  budgetsKeepTheirBound,
  budgetsSuite,
  closingSuite,
  countersSuite,
  locksSuite,
  revocationsSuite,
  seenSuite,
  type Sentence,
  storeSuite,
} from '@postern/stores/suites'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { patientMs } from '../support/patient.js'
import { findProgram, type Program } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { serveOverSocket, type SocketStore } from '../support/serve-over-socket.js'
import { untilReady } from '../support/until-ready.js'

const folder = mkdtempSync(join(tmpdir(), 'postern-stores-'))
const served: SocketStore[] = []
let redis: RedisServer
let postgres: PostgresServer

/** A technology: `prepare` gives a place of its own, which gives handles on one and the same store. */
interface Technology {
  readonly scope: Scope
  readonly needs?: Program
  /** Whether there is anything to close. */
  readonly closes: boolean
  prepare(): () => Store
}

const technologies: Readonly<Record<string, Technology>> = {
  memory: {
    scope: 'process',
    closes: false,
    prepare() {
      const store = openStore({ memory: true })
      return () => store
    },
  },
  sqlite: {
    scope: 'machine',
    closes: true,
    prepare() {
      const sqlite = join(folder, `${randomUUID()}.db`)
      return () => openStore({ sqlite })
    },
  },
  channel: {
    scope: 'machine',
    closes: true,
    prepare: () => serve(openStore({ memory: true })),
  },
  'channel to SQLite': {
    scope: 'machine',
    closes: true,
    prepare: () => serve(openStore({ sqlite: join(folder, `${randomUUID()}.db`) })),
  },
  redis: {
    scope: 'shared',
    needs: 'redis-server',
    closes: true,
    prepare() {
      const prefix = `${randomUUID()}:`
      return () => openStore({ redis: { url: redis.url, prefix } })
    },
  },
  postgres: {
    scope: 'shared',
    needs: 'postgresql',
    closes: true,
    prepare() {
      const schema = `s${randomUUID().replaceAll('-', '')}`
      return () => openStore({ postgres: { url: postgres.url, schema, answerMs: patientMs } })
    },
  },
}

function serve(store: Store): () => Store {
  const one = serveOverSocket(store, folder)
  served.push(one)
  return one.open
}

/** A new one each time; the title of the test says it. */
const seed = Math.floor(Math.random() * 2 ** 31)

const isMissing = (program: Program | undefined): boolean => program !== undefined && findProgram(program) === undefined

beforeAll(async () => {
  if (!isMissing('redis-server')) {
    redis = await prepareRedis()
    await redis.start()
  }
  if (!isMissing('postgresql')) {
    postgres = await preparePostgres()
    await postgres.start()
  }
}, 60_000)

afterAll(async () => {
  if (!isMissing('redis-server')) await redis.close()
  if (!isMissing('postgresql')) await postgres.close()
  for (const each of served) await each.close()
  rmSync(folder, { recursive: true })
})

for (const [name, { scope, closes, needs, prepare }] of Object.entries(technologies)) {
  /** Runs each sentence at a place of its own, and closes what it opened there. */
  const holds = <Port>(what: string, sentences: readonly Sentence<Port>[], portOf: (store: Store) => Port): void => {
    describe(what, () => {
      test.each(sentences.map((sentence) => [sentence.title, sentence] as const))('%s', async (_, sentence) => {
        const openHere = prepare()
        const opened: Store[] = []
        try {
          await sentence.run(async () => {
            const store = openHere()
            opened.push(store)
            return portOf(await untilReady(store))
          })
        } finally {
          await Promise.all(opened.map((store) => store.close()))
        }
      })
    })
  }

  describe.skipIf(isMissing(needs))(`the ${name} store`, () => {
    holds('in what it has seen', seenSuite, ({ seen }) => seen)
    holds('in its counters', countersSuite, ({ counters }) => counters)
    holds('in its budgets', [...budgetsSuite, budgetsKeepTheirBound(seed, 400)], ({ budgets }) => budgets)
    holds('in its locks', locksSuite, ({ locks }) => locks)
    holds('in its revocations', revocationsSuite, ({ revocations }) => revocations)
    holds('as a whole', [...storeSuite, ...(closes ? closingSuite : [])], (store) => store)

    test('says how far it reaches', async () => {
      const store = prepare()()
      expect(store.scope).toBe(scope)
      await store.close()
    })

    if (!closes) return

    test('says that it is closed', async () => {
      const store = prepare()()
      await store.close()
      await expect(store.seen.add('k', Date.now() + 60_000)).rejects.toThrow('The store is closed.')
      await expect(store.revocations.after()).rejects.toThrow('The store is closed.')
    })
  })
}

test.each([{}, { sqlit: './postern.db' }, { sqlite: undefined }, { memory: false }, { memory: true, sqlite: './postern.db' }, undefined])(
  'settings that name no place, or more than one, open no store of memory in silence: %j',
  (settings) => {
    expect(() => openStore(settings as unknown as Parameters<typeof openStore>[0])).toThrow(/openStore takes one place/)
  },
)
