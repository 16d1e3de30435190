import { base64url } from './base64url.js'

/** 128 random bits. `crypto.randomUUID` is missing on pages over plain http; this is not. */
export function randomId(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)))
}
