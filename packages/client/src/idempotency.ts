import { madeKeyPrefix } from '@postern/protocol'
import { randomId } from './random-id.js'

/** How long after a failed attempt an equal request counts as its retry, in milliseconds. */
const retryWindowMs = 120_000

/** Total size of the bodies that are kept for comparison, in characters. A body that is not text counts as a million. */
const maxKeptChars = 8_000_000

/** The parts of an attempt that tell which call it belongs to. */
export interface Attempt {
  /** Method and URL. */
  readonly place: string
  /** Text is compared by content. Forms and files are compared by identity: their content cannot be compared here. */
  readonly body: BodyInit | null | undefined
  /** Number of the retry, if the SDK sends `x-stainless-retry-count`: 0 for the first attempt. */
  readonly retry: number | undefined
}

/** Gives each logical call one `Idempotency-Key`, whichever SDK repeats it. */
export interface IdempotencyKeys {
  /** Returns the key of an equal request that failed within `retryWindowMs`, or a new key. */
  take(attempt: Attempt): string
  /** Call it if the attempt failed in a way that SDKs retry. */
  failed(attempt: Attempt, key: string): void
}

interface Failed extends Attempt {
  readonly key: string
  readonly at: number
}

export function createIdempotencyKeys(): IdempotencyKeys {
  // Requests are compared by content: SDKs do not say which attempt belongs to which call. If two equal calls fail at
  // the same time, they may swap keys; each then gets the other's answer, which is equal.
  let waiting: Failed[] = []

  /** Drops attempts older than `retryWindowMs`, and the oldest beyond `maxKeptChars`. */
  function forget(): void {
    let kept = 0
    const isKept = ({ body, at }: Failed): boolean =>
      Date.now() - at < retryWindowMs && (kept += typeof body === 'string' ? body.length : 1_000_000) <= maxKeptChars
    waiting = waiting.filter(isKept)
  }

  return {
    take({ place, body, retry }) {
      forget()
      const index = retry === 0 ? -1 : waiting.findIndex((failed) => failed.place === place && failed.body === body)
      return waiting.splice(index, index < 0 ? 0 : 1)[0]?.key ?? `${madeKeyPrefix}${randomId()}`
    },
    failed(attempt, key) {
      waiting.unshift({ ...attempt, key, at: Date.now() })
      forget()
    },
  }
}
