import type { Credentials } from './job.js'

/** A credential that is good for any number of requests. */
export function bearer(credential: string): Credentials {
  return { sets: [[`Authorization: Bearer ${credential}`]], once: false }
}
