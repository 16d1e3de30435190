import { availableParallelism } from 'node:os'
import type { Config } from './schema.js'

/** How many processes of this machine serve callers: `listen.workers`, where `auto` is one for each core that this process may use. */
export function workersOf({ listen }: Pick<Config, 'listen'>): number {
  return listen.workers === 'auto' ? availableParallelism() : listen.workers
}

/** How many processes serve callers with this configuration, over all machines. */
export function processesOf(config: Pick<Config, 'listen' | 'replicas'>): number {
  return config.replicas * workersOf(config)
}
