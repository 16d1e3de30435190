import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { noticeOfDates } from './key-dates.js'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'
import type { SecretPlaces } from './read-secret.js'
import type { Config } from './schema.js'

type Key = Config['keys'][string]

/**
 * Warns of each key that expires within 14 days or whose `rotateAfter` is reached within 14 days. Refuses `rotateAfter` for a key without
 * `rotated` whose source does not tell when the key was made.
 */
export function checkKeyDates({ keys }: Parts, { directory }: SecretPlaces, problems: Problem[]): void {
  const nowMs = Date.now()
  for (const key of keys.values()) {
    const { part } = key
    const { expires, rotateAfter } = part
    if (expires === undefined && rotateAfter === undefined) continue
    const { secret } = part
    const { path } = key
    if (rotateAfter !== undefined && part.rotated === undefined && !('file' in secret || 'vault' in secret))
      problems.push(problem(`${path}.rotateAfter`, whyUnknown(secret), 'Write rotated: and the day on which the key was made.'))
    const notice = noticeOfDates({ expires, rotateAfter, madeAt: keyMadeAt(part, directory) }, nowMs)
    if (notice !== undefined) problems.push(warning(path, notice, 'Make a new key at the gateway, and put it in the place of this one.'))
  }
}

function whyUnknown(secret: Key['secret']): string {
  return 'oauth' in secret || 'tokenExchange' in secret
    ? 'is about a key that is a new token every time.'
    : 'needs to know how old the key is, which its source does not tell.'
}

/** When a key was made, as far as its configuration or its file tells, in milliseconds since 1970. */
export function keyMadeAt({ rotated, secret }: Pick<Key, 'rotated' | 'secret'>, directory: string): number | undefined {
  if (rotated !== undefined || !('file' in secret)) return rotated
  try {
    // Of a link the file that it leads to, as in a mounted secret.
    return statSync(resolve(directory, secret.file)).mtimeMs
  } catch {
    // The file is missing or its folder cannot be read: the age of the key is not known. `readSecret` reports such a file as a problem.
    return undefined
  }
}
