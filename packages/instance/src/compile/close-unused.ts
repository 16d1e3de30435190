/**
 * Closes what runtimes share, once none uses it. What is shared keeps how it is closed: a function that is written where a runtime is built
 * would keep that runtime, and the secrets of its configuration, for as long.
 */
export function closeUnused<Closed>(unused: { close(): Closed }): Closed {
  return unused.close()
}
