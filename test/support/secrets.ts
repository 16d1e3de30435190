import { hash, randomBytes } from 'node:crypto'

/** Makes a credential of a service caller. */
export function callerCredential(): string {
  return `pst_${randomBytes(24).toString('base64url')}`
}

export function ringEntry(label: string, credential: string): string {
  return `${label}:${hash('sha256', credential)}`
}
