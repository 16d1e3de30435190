import { base64url } from './base64url.js'

/**
 * 128 random bits as base64url. Works on pages over plain http, where `crypto.randomUUID` is missing. Without any
 * `crypto`, as in React Native, the id can be guessed: enough to tell calls apart, and DPoP is not available there.
 */
export function randomId(): string {
  const bytes = new Uint8Array(16)
  return base64url(globalThis.crypto ? crypto.getRandomValues(bytes) : bytes.map(() => Math.random() * 256))
}
