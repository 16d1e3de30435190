/** How long an attempt that failed may be followed by another of the same call, in milliseconds. */
const retryWindowMs = 120_000
const mostRemembered = 200

/** Gives each logical call one key, whichever SDK tries it again and however. */
export interface IdempotencyKeys {
  /** For an attempt: the key of the same request that failed a moment ago, or a new one. */
  take(request: string): string
  /** The attempt failed in a way that SDKs try again. */
  failed(request: string, key: string): void
}

interface Failed {
  readonly request: string
  readonly key: string
  readonly at: number
}

export function createIdempotencyKeys(): IdempotencyKeys {
  // By what was asked and not by whom: SDKs do not say which attempt belongs to which call. Equal calls may swap
  // their keys, and get each other's equal answer.
  let waiting: Failed[] = []
  return {
    take(request) {
      waiting = waiting.filter(({ at }) => Date.now() - at < retryWindowMs)
      const index = waiting.findIndex((failed) => failed.request === request)
      return index === -1 ? crypto.randomUUID() : (waiting.splice(index, 1)[0] as Failed).key
    },
    failed(request, key) {
      waiting.push({ request, key, at: Date.now() })
      if (waiting.length > mostRemembered) waiting.shift()
    },
  }
}
