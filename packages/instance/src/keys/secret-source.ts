import { mostKeyChars } from '@postern/config'
import { Secret } from '@postern/ports'

/** A secret as a source gave it. */
export interface SourcedValue {
  readonly secret: Secret
  /** For how long from now it is good, in milliseconds; `undefined`: the source does not say. */
  readonly lifeMs?: number | undefined
  /**
   * For how long from now the source says that it may be used, in milliseconds, though it is good for longer: a lease of Vault. It counts
   * for `keySources.cache` and `keySources.stale` at most all the same. Default: for those.
   */
  readonly leaseMs?: number | undefined
  /** When the source should be asked again, in milliseconds from now: not below the least pause. Default: `keySources.poll`. */
  readonly againMs?: number | undefined
  /** When it was made, in milliseconds since 1970; `undefined`: the source does not say. */
  readonly madeAt?: number | undefined
}

/** A place outside of the configuration that gives one secret of a key. */
export interface SecretSource {
  /** What kind of source it is, as the configuration calls it. */
  readonly kind: 'vault' | 'exec' | 'oauth' | 'tokenExchange'
  /**
   * Asks for the secret.
   *
   * @param signal Ends the question.
   * @throws {SourceFailure} or any other error, whose message is never told: it may hold what the source has sent.
   */
  read(signal: AbortSignal): Promise<SourcedValue>
}

/** Why a source gave no secret. The message may be told to anybody: it holds nothing of what the source has sent. */
export class SourceFailure extends Error {
  /** The source says that the secret is not there any more, so an earlier value must not be used. */
  readonly isGone: boolean

  constructor(message: string, isGone = false) {
    super(message)
    this.isGone = isGone
  }
}

/** Visible ASCII without spaces: what a header can carry as a credential. */
const headerSafe = /^[\x21-\x7e]+$/

/**
 * Makes the secret of a text that a source gave.
 *
 * @throws {SourceFailure} if no header can carry it.
 */
export function readSourced(text: unknown): Secret {
  if (typeof text !== 'string' || text === '') throw new SourceFailure('What it gives is no text, or an empty one.')
  if (text.length > mostKeyChars) throw new SourceFailure(`What it gives is a text of more than ${mostKeyChars} characters.`)
  if (!headerSafe.test(text)) throw new SourceFailure('What it gives holds spaces, line breaks or characters that a header cannot carry.')
  return new Secret(text)
}
