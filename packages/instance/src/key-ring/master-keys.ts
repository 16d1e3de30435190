import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret } from '@postern/ports'

/** A secret of the ring, or a row, does not fit the master keys: it was changed by somebody who does not know them, or belongs elsewhere. */
export class BrokenSeal extends Error {}

/** One of `keyRing.masterKeys`. */
export interface MasterKey {
  readonly id: string
  readonly secret: Secret
}

interface Derived {
  readonly sealing: KeyObject
  readonly mac: KeyObject
  readonly audit: KeyObject
}

const cipher = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** For how many seals random bytes are made at once: to ask the system for them costs the same for one seal as for a thousand. */
const ivsAtOnce = 256

/** What a seal is sealed for, so that it opens nowhere else. */
export interface SealedFor {
  readonly alias: string
  readonly gateway: string
  /** The version of the key in which the secret came. */
  readonly version: number
  readonly part: 'secret' | 'providerSecret'
}

/**
 * Seals the secrets of the key ring (AES-256-GCM), and marks its rows and the lines of the audit (HMAC-SHA-256), each under a key of its own that is derived from a
 * master key (HKDF, RFC 5869). The first master key seals; all of them open. What is sealed bears the id of its master key.
 */
export class MasterKeys {
  readonly #first: string
  readonly #derived = new Map<string, Derived>()
  /** Random bytes, of which each serves one seal. */
  #ivs = Buffer.alloc(0)

  /** @param keys At least one. */
  constructor(keys: readonly MasterKey[]) {
    const [first] = keys
    if (first === undefined) throw new TypeError('There is no master key.')
    this.#first = first.id
    for (const { id, secret } of keys)
      this.#derived.set(id, {
        sealing: secret.deriveKey('postern key ring: seal'),
        mac: secret.deriveKey('postern key ring: mac'),
        audit: secret.deriveKey('postern audit: mac'),
      })
  }

  /** The id of the master key that seals. */
  get first(): string {
    return this.#first
  }

  /** Whether what is sealed or marked bears the id of the master key that seals now. */
  isUnderFirst(marked: string): boolean {
    return readMarked(marked).id === this.#first
  }

  seal(secret: Secret, sealedFor: SealedFor): string {
    const iv = this.#nextIv()
    const sealing = createCipheriv(cipher, this.#keysOf(this.#first).sealing, iv)
    sealing.setAAD(boundBytes(sealedFor))
    const sealed = Buffer.concat([iv, sealing.update(secret.reveal(), 'utf8'), sealing.final(), sealing.getAuthTag()])
    return `${this.#first}.${sealed.toString('base64url')}`
  }

  /** @throws {BrokenSeal} */
  open(sealed: string, sealedFor: SealedFor): Secret {
    const { id, bytes } = readMarked(sealed)
    if (bytes.length < ivBytes + tagBytes) throw new BrokenSeal('It is too short for a seal.')
    const opening = createDecipheriv(cipher, this.#keysOf(id).sealing, bytes.subarray(0, ivBytes))
    opening.setAAD(boundBytes(sealedFor))
    opening.setAuthTag(bytes.subarray(bytes.length - tagBytes))
    try {
      return new Secret(Buffer.concat([opening.update(bytes.subarray(ivBytes, bytes.length - tagBytes)), opening.final()]).toString('utf8'))
    } catch (error) {
      throw new BrokenSeal(`The seal under the master key "${id}" does not open.`, { cause: error })
    }
  }

  mac(text: string): string {
    return `${this.#first}.${createHmac('sha256', this.#keysOf(this.#first).mac).update(text).digest('base64url')}`
  }

  /** @throws {BrokenSeal} if the mark is not that of the text. */
  check(text: string, mac: string): void {
    const { id, bytes } = readMarked(mac)
    const expected = createHmac('sha256', this.#keysOf(id).mac).update(text).digest()
    if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected))
      throw new BrokenSeal(`The row was not written under the master key "${id}".`)
  }

  /** The mark of a line of the audit, under a key of its own that is derived from the first master key. */
  markLine(text: string): string {
    return `${this.#first}.${createHmac('sha256', this.#keysOf(this.#first).audit).update(text).digest('base64url')}`
  }

  /** Whether a mark is that of a line of the audit; `unknown`: its master key is not among these. */
  judgeLine(text: Buffer | string, mark: string): 'right' | 'wrong' | 'unknown' {
    const at = mark.lastIndexOf('.')
    const keys = this.#derived.get(mark.slice(0, Math.max(0, at)))
    if (keys === undefined) return 'unknown'
    // Compared as it is written: several texts decode to the same bytes.
    const expected = Buffer.from(createHmac('sha256', keys.audit).update(text).digest('base64url'))
    const given = Buffer.from(mark.slice(at + 1))
    return given.length === expected.length && timingSafeEqual(given, expected) ? 'right' : 'wrong'
  }

  #nextIv(): Buffer {
    if (this.#ivs.length === 0) this.#ivs = randomBytes(ivBytes * ivsAtOnce)
    const iv = this.#ivs.subarray(0, ivBytes)
    this.#ivs = this.#ivs.subarray(ivBytes)
    return iv
  }

  #keysOf(id: string): Derived {
    const derived = this.#derived.get(id)
    if (derived === undefined) throw new BrokenSeal(`There is no master key "${id}" under keyRing.masterKeys.`)
    return derived
  }
}

function readMarked(text: string): { readonly id: string; readonly bytes: Buffer } {
  const at = text.lastIndexOf('.')
  if (at < 1) throw new BrokenSeal('It names no master key.')
  const encoded = text.slice(at + 1)
  const bytes = Buffer.from(encoded, 'base64url')
  if (bytes.toString('base64url') !== encoded) throw new BrokenSeal('It is not written as base64url writes it.')
  return { id: text.slice(0, at), bytes }
}

/** No part holds a line feed. */
function boundBytes({ alias, gateway, version, part }: SealedFor): Buffer {
  return Buffer.from(`${alias}\n${gateway}\n${version}\n${part}`)
}
