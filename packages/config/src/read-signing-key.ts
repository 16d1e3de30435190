import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Secret } from '@postern/ports'

/** Reads the key; `undefined` if it is not an Ed25519 private key. The error is dropped, since it could repeat the key. */
export function readSigningKey(secret: Secret): KeyObject | undefined {
  try {
    const key = createPrivateKey(secret.reveal())
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}
