import { randomId } from './random-id.js'

/** How long an attempt that failed may be followed by another of the same call, in milliseconds. */
const retryWindowMs = 120_000

/** The most that is kept of bodies to know them again, in characters; what is no text counts as a million. */
const mostKept = 8_000_000

/** An attempt of a call, as far as it says which call it belongs to. */
export interface Attempt {
  /** Method and address. */
  readonly place: string
  /** Text is known by what it says; forms and files by their identity, since two may differ though nothing here could tell. */
  readonly body: BodyInit | null | undefined
  /** Which retry it is, where the SDK says so: 0 for the first attempt. */
  readonly retry: number | undefined
}

/** Gives each logical call one key, whichever SDK tries it again and however. */
export interface IdempotencyKeys {
  /** For an attempt: the key of the same request that failed a moment ago, or a new one. */
  take(attempt: Attempt): string
  /** The attempt failed in a way that SDKs try again. */
  failed(attempt: Attempt, key: string): void
}

interface Failed extends Attempt {
  readonly key: string
  readonly at: number
}

export function createIdempotencyKeys(): IdempotencyKeys {
  // By what was asked and not by whom: SDKs do not say which attempt belongs to which call. Equal calls that fail at
  // the same time may swap their keys, and get each other's equal answer.
  let waiting: Failed[] = []

  /** The newest for as long as there is room. */
  function forget(): void {
    let kept = 0
    const isKept = ({ body, at }: Failed): boolean =>
      Date.now() - at < retryWindowMs && (kept += typeof body === 'string' ? body.length : 1_000_000) <= mostKept
    waiting = waiting.filter(isKept)
  }

  return {
    take({ place, body, retry }) {
      forget()
      const index = retry === 0 ? -1 : waiting.findIndex((failed) => failed.place === place && failed.body === body)
      return waiting.splice(index, index < 0 ? 0 : 1)[0]?.key ?? randomId()
    },
    failed(attempt, key) {
      waiting.unshift({ ...attempt, key, at: Date.now() })
      forget()
    },
  }
}
