import { z } from 'zod'
import { fault } from './fault.js'
import { secretReference, type Settings } from './schema-parts.js'
import { longDuration } from './units.js'

/** The settings that say where Postern keeps what it must remember, and its calls. */
export function createStoreSchemas(strict: Settings) {
  const error = fault(
    'is neither postgres://host:port/database nor a reference to one',
    'Write postgres://host:5432/database, { env: POSTGRES_URL } or { file: PATH }.',
  )
  const postgresAddress = z.union([z.url({ protocol: /^postgres(?:ql)?$/, error }), secretReference], { error })
  const schemaName = z
    .string()
    .regex(
      /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/,
      fault('is not the name of a schema', 'Use 1 to 63 small letters, digits and underscores, not beginning with a digit or pg_.'),
    )
    .optional()

  const store = strict({
    /** One file, for one process. */
    sqlite: z.string().min(1).optional().meta({
      description:
        'a file, for one process. The Express middleware remembers in memory where no store is written, and [is given](configuration.md#the-store-in-express) any other',
      unset: '`./postern.db`; under systemd in [`$STATE_DIRECTORY`](configuration.md#as-a-service)',
    }),
    /** For several processes: `redis://host:6379`, or a reference if the address holds a password. */
    redis: z
      .union([z.url({ protocol: /^rediss?$/ }), secretReference], {
        error: fault(
          'is neither redis://host:port nor a reference to one',
          'Write redis://host:6379, { env: REDIS_URL } or { file: PATH }.',
        ),
      })
      .optional()
      .describe('or a Redis, for several: `redis://host:6379`, or a reference where the address holds a password'),
    /** For several processes: `postgres://host:5432/database`, or a reference if the address holds a password. */
    postgres: postgresAddress
      .optional()
      .describe(
        'or a PostgreSQL, for several: `postgres://host:5432/database?sslmode=verify-full`, or a reference where the address holds a password',
      ),
    /** In memory, for one process. A restart loses revocations, counted calls and seen proofs. */
    memory: z.literal(true).optional().describe('or nothing that outlives the process'),
    /** Prefix of its keys in Redis. */
    prefix: z.string().min(1).max(64).optional().meta({ description: 'how names of entries begin in Redis', unset: '`postern:`' }),
    /** The schema of its tables in PostgreSQL. */
    schema: schemaName.meta({ description: 'the schema of its tables in PostgreSQL', unset: '`postern`' }),
  })

  const ledger = strict({
    /** How long calls are kept; whole days in UTC are deleted. */
    keep: longDuration.default(90 * 86_400_000).describe('how long [the ledger](usage.md) keeps calls, at least a day'),
    sqlite: z.string().min(1).optional().meta({
      description: 'its file; without `ledger` there is none',
      unset: '`ledger.db` beside the file of the store; with `store.postgres` that PostgreSQL, and no file',
    }),
    /** A PostgreSQL in the place of a file. */
    postgres: postgresAddress.optional().meta({
      description: 'or a PostgreSQL, into which several processes write; written as `store.postgres`',
      unset: 'that of `store.postgres`',
    }),
    /** The schema of its tables in PostgreSQL. */
    schema: schemaName.meta({
      description: 'the schema of its tables in PostgreSQL',
      unset: '`store.schema` where it is in the PostgreSQL of the store; else `postern`',
    }),
  })

  return { store, ledger }
}
