/** Thrown if another running process owns the store's file. */
export class StoreInUse extends Error {
  override readonly name = 'StoreInUse'

  constructor(file: string) {
    super(
      `Another process uses the store ${file}. The embedded store is for one process at a time, and the other one serves callers from it: stop that one, or give this one a file of its own, store: { sqlite: ./other.db }. Where there are several replicas, configure store: { redis: { env: REDIS_URL } } or store: { postgres: { env: POSTGRES_URL } }.`,
    )
  }
}
