import { hash, randomBytes } from 'node:crypto'

/** A fresh credential of a server-side caller. */
export function callerCredential(): string {
  return `pst_${randomBytes(24).toString('base64url')}`
}

export function ringEntry(label: string, credential: string): string {
  return `${label}:${hash('sha256', credential)}`
}
