import type { EmulatedKey } from './emulated-key.js'

/** Which keys an emulator knows, where it listens, and how it paces answers. */
export interface EmulatorOptions {
  keys: readonly EmulatedKey[]
  /** Default `127.0.0.1`. */
  host?: string
  /** 0, the default, takes a free port. */
  port?: number
  /** Pause between the events of a stream, in milliseconds. Default none. */
  eventDelayMs?: number
  /**
   * Free AI only: its token bucket per client address (the public instance has `{ burst: 10, perMinute: 20 }`).
   * Default: no call is refused for coming too soon.
   */
  addressBucket?: { burst: number; perMinute: number }
}
