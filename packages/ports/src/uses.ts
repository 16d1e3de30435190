/** What a thing is opened with, as plain data; two things with equal settings are the same thing. May contain revealed secrets. */
export type Settings = unknown

/**
 * What one runtime uses of the things that outlive a configuration: connections, queues, caches, keys. Runtimes that need a thing
 * with the same settings use one, and it is closed when the last of them has released it.
 */
export interface Uses {
  /**
   * Returns the thing of this kind with these settings, and opens it if no runtime has it open. For what mirrors the world
   * outside, of which there must not be two: connections, queues, counts.
   *
   * @param kind What kind of thing, such as `upstream`. Each kind has one type.
   * @param close Closes it after its last use. Default: nothing is to be closed.
   */
  share<Thing>(kind: string, settings: Settings, open: () => Thing, close?: (thing: Thing) => void | Promise<void>): Thing
  /**
   * The same for caches. A runtime takes a cache over only from the runtime that it replaces. The cache of an earlier runtime may
   * still be open for its last calls, but it has missed what changed in the meantime.
   */
  inherit<Thing>(kind: string, settings: Settings, open: () => Thing, close?: (thing: Thing) => void | Promise<void>): Thing
  /** Calls `end` when these uses end. */
  until(end: () => void): void
}
