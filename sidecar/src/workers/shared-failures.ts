import type { Config } from '@postern/config'
import { createFailedAttempts } from '@postern/express'

type Settings = Config['failedAuthentication']
type Failures = ReturnType<typeof createFailedAttempts>

/** Counts failed authentications by address, for all workers together. */
export class SharedFailures {
  #settings = ''
  #failures: Failures | undefined
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Counts one more failure of an address. With other settings than the time before, the counting begins anew, as it does in a process alone.
   *
   * @returns How long the client should wait, in seconds; 0: not at all.
   */
  count(settings: Settings, address: string): Promise<number> {
    // One after the other: the counter gives an object that the next count changes, and workers ask for several counts in one turn.
    const counted = this.#last.then(() => this.#count(settings, address))
    this.#last = counted.catch(() => {})
    return counted
  }

  #count(settings: Settings, address: string): Promise<number> {
    const written = JSON.stringify(settings)
    if (written !== this.#settings) {
      this.#failures?.close()
      this.#failures = createFailedAttempts({ limit: settings.limit, windowMs: settings.window })
      this.#settings = written
    }
    return (this.#failures as Failures).count(address)
  }
}
