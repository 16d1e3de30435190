/** Thrown if another running process owns the store's file. */
export class StoreInUse extends Error {
  override readonly name = 'StoreInUse'

  constructor(file: string) {
    super(
      `Another process uses the store ${file}. The embedded store is for one process: end the other one, or give this one a file of its own. Where there are several replicas, configure store: { redis: { env: REDIS_URL } }.`,
    )
  }
}
