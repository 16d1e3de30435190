/** A store that limits are counted in, as the benchmark measures it. */
export interface LimitedStore {
  readonly name: 'memory' | 'sqlite' | 'redis'
  readonly title: string
}

/** Every store, in the order of a round. */
export const limitedStores: readonly LimitedStore[] = [
  { name: 'memory', title: 'in memory' },
  { name: 'sqlite', title: 'on SQLite' },
  { name: 'redis', title: 'on Redis' },
]
