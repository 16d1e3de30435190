import { redactKeys } from '@postern/gateways'
import { createSecretWindows, findFirstOf } from './secret-windows.js'
import type { LiveSecrets } from './live-secrets.js'
import { Secret } from './secret.js'
import { SecretsByPath } from './secrets-by-path.js'

/** Replaces in texts what must not be logged: every loaded secret, and every text with the form of a key. */
export interface Redactor {
  /** The text as it may be logged; unchanged if it holds no secret. */
  readonly redact: (text: string) => string
  /** The same for texts that repeat, such as a path or a model. Caches texts that held no secret. */
  readonly redactOften: (text: string) => string
  /**
   * Whether a text holds a whole secret, or a text with the form of a key. The text's author may learn the result: since
   * only whole secrets count, it confirms no guess of a secret's beginning.
   */
  readonly holdsSecret: (text: string) => boolean
}

/** How many texts are cached, and how long a cached text may be. Clients write the texts, so both are bounded. */
const maxRemembered = 4096
const maxRememberedChars = 256

/** How often a text is percent-decoded before it is searched. */
const maxDecodings = 3

/** Minimum length of a variable of a program that no log may hold, in characters: a shorter one may be a folder or a word. */
const shortestVariable = 16

/**
 * The secrets that no log may hold: all but `callers.service.hashes`, whose labels are the callers' names in the log, certificates of
 * authorities (`….ca`), and short variables of programs that give keys (`….variables[NAME]`).
 */
export function searchedSecrets(secrets: ReadonlyMap<string, Secret>): readonly Secret[] {
  const searched: Secret[] = []
  // The secrets of keys are searched for whatever their paths are.
  const isByPath = secrets instanceof SecretsByPath
  if (isByPath) for (const [, secret] of secrets.ofKeys()) searched.push(secret)
  for (const [path, secret] of isByPath ? secrets.others : secrets) {
    if (path === 'callers.service.hashes' || path.endsWith('.ca')) continue
    if (secret.length < shortestVariable && path.includes('.variables[')) continue
    searched.push(addressesOfStores.includes(path) ? withoutScheme(secret) : secret)
  }
  return searched
}

/** The settings whose secret is the address of a store or of the ledger, with its password. */
export const addressesOfStores: readonly string[] = ['store.redis', 'store.postgres', 'ledger.postgres']

/**
 * Without the scheme: the redactor takes the first letters of a secret at the end of a text for a secret that was cut off, and many texts
 * end with "postgres".
 */
function withoutScheme(address: Secret): Secret {
  const text = address.reveal()
  return new Secret(text.slice(Math.max(0, text.indexOf('://'))))
}

/**
 * @param shortest Minimum length of a secret that is searched for, in characters: a common word could hold a shorter one. Default 0.
 * @param live Secrets that come and go. Default: none.
 */
export function createRedactor(secrets: readonly Secret[], shortest = 0, live?: LiveSecrets): Redactor {
  const texts: string[] = []
  for (const secret of secrets) if (secret.length >= shortest) texts.push(secret.reveal())
  const findLoaded = createSecretWindows(texts)
  const find = live === undefined ? findLoaded : findFirstOf([findLoaded, live.find])
  const remembered = new Set<string>()
  let versionRemembered = live?.version

  function withoutSecrets(text: string): string {
    let clean = ''
    /** Where what was not yet taken into `clean` begins, and where the next search does. */
    let [from, searched] = [0, 0]
    for (let found = find(text); found !== undefined; found = find(text.slice(searched))) {
      const [start, end] = [searched + found.start, searched + found.end]
      // One that begins inside the one before is covered together with it.
      if (start >= from) clean += `${text.slice(from, start)}[redacted]`
      from = Math.max(from, end)
      searched = start + 1
    }
    return clean + text.slice(from)
  }

  const scan = (text: string): string => redactKeys(withoutSecrets(text))

  function redact(text: string): string {
    let plain = text
    for (let round = 0; round < maxDecodings && plain.includes('%'); round += 1) {
      const decoded = plain.replace(escapedAscii, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
      if (decoded === plain) break
      plain = decoded
    }
    // If escapes hide a secret, return the decoded text, redacted: the rest of it can still be read.
    if (plain !== text) {
      const clean = scan(plain)
      if (clean !== plain) return clean
    }
    return scan(text)
  }

  /** Whether `redact` has left the text as it was, since the last secret came. */
  function isKnownClean(text: string): boolean {
    if (versionRemembered !== live?.version) {
      remembered.clear()
      versionRemembered = live?.version
    }
    return remembered.has(text)
  }

  return {
    redact,
    // What `redact` leaves as it is holds no whole secret either.
    holdsSecret: (text) => !isKnownClean(text) && (find(text, true) !== undefined || redactKeys(text) !== text),
    redactOften(text) {
      if (isKnownClean(text)) return text
      const clean = redact(text)
      // A text that held a secret is not cached.
      if (clean === text && text.length <= maxRememberedChars && remembered.size < maxRemembered) remembered.add(text)
      return clean
    },
  }
}

const escapedAscii = /%([2-7][0-9a-fA-F])/g
