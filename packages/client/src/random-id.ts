import { base64url } from './base64url.js'

/**
 * 128 random bits. `crypto.randomUUID` is missing on pages over plain http; this is not. Where there is no `crypto` at all,
 * as in React Native, it is unique and may be guessed: good for keys that tell calls apart, and there is no proof to make.
 */
export function randomId(): string {
  const bytes = new Uint8Array(16)
  return base64url(globalThis.crypto ? crypto.getRandomValues(bytes) : bytes.map(() => Math.random() * 256))
}
