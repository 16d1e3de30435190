import type { EmulatedKey } from './emulated-key.js'

export interface EmulatorOptions {
  keys: readonly EmulatedKey[]
  /** `127.0.0.1` when left out. */
  host?: string
  /** 0, the default, takes a free port. */
  port?: number
  /** Pause between the events of a stream; none when left out. */
  eventDelayMs?: number
  /**
   * Free AI only: its token bucket per client address (the public instance has `{ burst: 10, perMinute: 20 }`). Left out, no call is
   * refused for coming too soon.
   */
  addressBucket?: { burst: number; perMinute: number }
}
