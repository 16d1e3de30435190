import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPostgresConnection } from '../../packages/stores/src/postgres/connection.js'
import { tablesOfStore } from '../../packages/stores/src/postgres/store-tables.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'

const answerMs = 1500
const longer = 'SELECT pg_sleep(1.9)'

describe.skipIf(findProgram('postgresql') === undefined)('a statement in PostgreSQL', { timeout: 60_000 }, () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await preparePostgres()
    await postgres.start()
  }, 60_000)
  afterAll(() => postgres.close())

  test('that may take longer than others, such as the publishing of an import, does, and the connection goes back to the usual time', async () => {
    const { ask, close } = createPostgresConnection({ url: postgres.url, most: 1, tables: tablesOfStore('"postern"'), answerMs })
    const limit = async () => (await ask('SHOW statement_timeout', []))[0]
    await ask('SELECT 1', [], 30_000)
    expect(await limit()).toEqual({ statement_timeout: '1500ms' })
    expect(await ask(longer, [], 30_000)).toHaveLength(1)
    expect(await limit()).toEqual({ statement_timeout: '1500ms' })
    await expect(ask('SELECT no_such_function()', [], 30_000)).rejects.toThrow('PostgreSQL cannot be used')
    expect(await limit()).toEqual({ statement_timeout: '1500ms' })
    await expect(ask(longer, [])).rejects.toThrow('PostgreSQL cannot be used')
    close()
  })
})
