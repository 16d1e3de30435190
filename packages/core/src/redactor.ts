import { redactKeys } from '@postern/gateways'
import { createSecretWindows } from './lib/secret-windows.js'
import type { Secret } from './secret.js'

/** Blots out of texts what must not be written down: every loaded secret, and whatever has the form of a key. */
export interface Redactor {
  /** The text as it may be written down; the same text where nothing is in it. */
  readonly redact: (text: string) => string
  /** The same for texts that come again and again: a path, a model. Remembers those in which there was nothing. */
  readonly redactOften: (text: string) => string
  /** Whether a whole secret is in a text, or what has the form of a key: whoever wrote the text may be told, and learns nothing of a beginning. */
  readonly holdsSecret: (text: string) => boolean
}

/** Texts that are remembered; clients write them, so there is a bound. */
const maxRemembered = 4096
const maxRememberedChars = 256

/** Rounds of percent-decoding that are looked through. */
const maxDecodings = 3

/** What no log may hold. A hash ring is labels and hashes, and its labels are the names of callers. */
export function searchedSecrets(secrets: ReadonlyMap<string, Secret>): readonly Secret[] {
  return [...secrets].filter(([path]) => path !== 'callers.service.hashes').map(([, secret]) => secret)
}

/** @param shortest Shorter secrets are not searched for, in characters: common words could hold them. Default all are. */
export function createRedactor(secrets: readonly Secret[], shortest = 0): Redactor {
  const find = createSecretWindows(secrets.map((secret) => secret.reveal()).filter(({ length }) => length >= shortest))
  const remembered = new Set<string>()

  function withoutSecrets(text: string): string {
    let clean = ''
    let rest = text
    for (let found = find(rest); found !== undefined; found = find(rest)) {
      clean += `${rest.slice(0, found.start)}[redacted]`
      rest = rest.slice(found.end)
    }
    return clean + rest
  }

  const scan = (text: string): string => redactKeys(withoutSecrets(text))

  function redact(text: string): string {
    let plain = text
    for (let round = 0; round < maxDecodings && plain.includes('%'); round += 1) {
      const decoded = plain.replace(escapedAscii, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
      if (decoded === plain) break
      plain = decoded
    }
    // What escapes hide is written down decoded, so that the rest of it can still be read.
    if (plain !== text) {
      const clean = scan(plain)
      if (clean !== plain) return clean
    }
    return scan(text)
  }

  return {
    redact,
    holdsSecret: (text) => find(text, true) !== undefined || redactKeys(text) !== text,
    redactOften(text) {
      if (remembered.has(text)) return text
      const clean = redact(text)
      // What holds a key is not kept.
      if (clean === text && text.length <= maxRememberedChars && remembered.size < maxRemembered) remembered.add(text)
      return clean
    },
  }
}

const escapedAscii = /%([2-7][0-9a-fA-F])/g
