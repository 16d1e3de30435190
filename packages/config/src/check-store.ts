import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Secret } from '@postern/ports'
import { checkPostgres } from './check-postgres.js'
import { type Problem, problem, warning } from './problem.js'
import type { SecretPlaces } from './read-secret.js'
import type { Config } from './schema.js'

/** Checks that `store` names one place, and one that all replicas share. */
export function checkStore(
  { store, replicas }: Config,
  secrets: ReadonlyMap<string, Secret>,
  { directory }: SecretPlaces,
  problems: Problem[],
): void {
  const folder = store?.sqlite === undefined ? undefined : dirname(resolve(directory, store.sqlite))
  if (folder !== undefined && !existsSync(folder))
    problems.push(warning('store.sqlite', `lies in the folder ${folder}, which is not there.`, 'Make the folder, or write another path.'))
  const places = [store?.sqlite, store?.redis, store?.postgres, store?.memory].filter((place) => place !== undefined)
  if (store !== undefined && places.length !== 1) {
    problems.push(
      problem(
        'store',
        'must say one place.',
        'Write sqlite: ./postern.db, redis: { env: REDIS_URL }, postgres: { env: POSTGRES_URL } or memory: true.',
      ),
    )
  }
  if (store?.prefix !== undefined && store.redis === undefined)
    problems.push(problem('store.prefix', 'is for Redis, and there is none.', 'Remove it.'))
  if (store?.schema !== undefined && store.postgres === undefined)
    problems.push(problem('store.schema', 'is for PostgreSQL, and there is none.', 'Remove it.'))
  if (replicas > 1 && store?.redis === undefined && store?.postgres === undefined) {
    problems.push(
      problem(
        'replicas',
        'is more than 1, and each replica would keep revocations, calls and proofs of its own: what one has seen, the others would take again.',
        'Write store: { redis: { env: REDIS_URL } } or store: { postgres: { env: POSTGRES_URL } }, which all of them use.',
      ),
    )
  }
  if (typeof store?.redis === 'string' && new URL(store.redis).password !== '')
    problems.push(
      problem('store.redis', 'holds a password.', 'Write { env: NAME } or { file: PATH }; the address stands there, password and all.'),
    )
  const address = secrets.get('store.redis')?.reveal()
  if (address !== undefined && !/^rediss?:\/\/./.test(address))
    problems.push(
      problem('store.redis', 'does not refer to an address.', 'It is written redis://user:password@host:6379, with rediss for TLS.'),
    )
  checkPostgres('store.postgres', store?.postgres, secrets, problems)
}
