import type { LedgerReader } from '@postern/ports'
import pg from 'pg'
import { UsageAnswer } from '../../ledger/usage-answer.js'
import { checkCallsQuestion, checkQuestion, partsWithin } from '../../ledger/usage-question.js'
import { checkAddress } from '../address.js'
import { isWithoutTables, reasonOf } from '../reason.js'
import { defaultSchema, quoteSchema } from '../schema-name.js'
import { readCalls, readWorkflow } from './calls.js'
import type { PostgresLedgerOptions } from './open-ledger.js'
import { type AskRows, readPart } from './usage.js'

/** How long the database may take to answer the first word, and one statement, in milliseconds. */
const connectMs = 5000
const statementMs = 300_000

/**
 * Opens a ledger in PostgreSQL for questions, also while processes write into it. Each question reads what is there when it is asked, over
 * a connection of its own. A question rejects if the database cannot be reached or has no ledger; the message says why.
 *
 * @throws {Error} if the URL is not one of PostgreSQL, or the schema is no plain name.
 */
export function createPostgresLedgerReader({
  url,
  schema: name = defaultSchema,
}: Pick<PostgresLedgerOptions, 'url' | 'schema'>): LedgerReader {
  const connectionString = checkAddress(url)
  const schema = quoteSchema(name)
  const open = new Set<pg.Client>()
  let closed = false

  async function within<Answer>(work: (ask: AskRows) => Promise<Answer>): Promise<Answer> {
    if (closed) throw closedReader()
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: connectMs,
      statement_timeout: statementMs,
      application_name: 'postern usage',
    })
    // Without a listener an 'error' event would end the process; what waits rejects anyway.
    client.on('error', () => {})
    open.add(client)
    const ask: AskRows = async (text, values) => (await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })).rows
    try {
      await client.connect()
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      return await work(ask)
    } catch (error) {
      throw closed ? closedReader() : explain(error, name)
    } finally {
      open.delete(client)
      client.end(() => {})
    }
  }

  return {
    async usage(question, progress) {
      checkQuestion(question)
      return within(async (ask) => {
        const answer = new UsageAnswer(question.by)
        const [range] = await ask(`SELECT min(time), max(time) FROM ${schema}.calls`, [])
        const [oldest, newest] = (range ?? []).map((time) => (time === null ? undefined : Number(time)))
        const parts = partsWithin(question, oldest, newest)
        for (const [index, part] of parts.entries()) {
          await readPart(ask, schema, question, part, answer)
          progress?.((index + 1) / parts.length)
        }
        return answer.rows()
      })
    },
    workflow: (id, { team } = {}) => within((ask) => readWorkflow(ask, schema, id, team)),
    async calls(question) {
      checkCallsQuestion(question)
      return within((ask) => readCalls(ask, schema, question))
    },
    close() {
      closed = true
      for (const client of open) client.end(() => {})
      return Promise.resolve()
    },
  }
}

function closedReader(): Error {
  return new Error('The reader of the ledger is closed.')
}

function explain(error: unknown, schema: string): Error {
  // A fault of our own, and none of the database.
  if (error instanceof TypeError) return error
  if (isWithoutTables(error)) return new Error(`There is no ledger in the schema ${schema} of PostgreSQL: no process has written one yet.`)
  return new Error(`The ledger in PostgreSQL cannot be read: ${reasonOf(error)}.`)
}
