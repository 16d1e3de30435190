import { randomId } from './random-id.js'

/** How long an attempt that failed may be followed by another of the same call, in milliseconds. */
const retryWindowMs = 120_000

/** The most that is kept of bodies to know them again, in characters. */
const mostKept = 4_000_000

/** An attempt of a call, as far as it says which call it belongs to. */
export interface Attempt {
  /** Method and address. */
  readonly place: string
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

interface Failed {
  readonly place: string
  readonly body: string
  readonly key: string
  readonly at: number
}

export function createIdempotencyKeys(): IdempotencyKeys {
  // By what was asked and not by whom: SDKs do not say which attempt belongs to which call. Equal calls that fail at
  // the same time may swap their keys, and get each other's equal answer.
  let texts: Failed[] = []
  // Forms and files are known by their identity: two may differ though nothing here could tell.
  const objects = new WeakMap<object, Failed>()

  const isYoung = ({ at }: Failed): boolean => Date.now() - at < retryWindowMs

  function recall({ place, body }: Attempt): string | undefined {
    if (typeof body === 'object' && body !== null) {
      const failed = objects.get(body)
      objects.delete(body)
      return failed !== undefined && failed.place === place && isYoung(failed) ? failed.key : undefined
    }
    texts = texts.filter(isYoung)
    const index = texts.findIndex((failed) => failed.place === place && failed.body === (body ?? ''))
    return index === -1 ? undefined : (texts.splice(index, 1)[0] as Failed).key
  }

  return {
    take: (attempt) => (attempt.retry === 0 ? undefined : recall(attempt)) ?? randomId(),
    failed({ place, body }, key) {
      if (typeof body === 'object' && body !== null) {
        objects.set(body, { place, body: '', key, at: Date.now() })
        return
      }
      texts = [...texts.filter(isYoung), { place, body: body ?? '', key, at: Date.now() }]
      let kept = texts.reduce((sum, failed) => sum + failed.body.length, 0)
      while (texts.length > 1 && (kept > mostKept || texts.length > 100)) kept -= (texts.shift() as Failed).body.length
    },
  }
}
