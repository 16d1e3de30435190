import { hash, randomBytes } from 'node:crypto'
import type { EmulatedGateway, EmulatedKey } from '@postern/emulator'

const prefixes: Readonly<Record<EmulatedGateway, string>> = {
  joytoken: 'jt_',
  opentoken: 'sk-optk-',
  freeai: 'fai_',
  onysoft: 'sk-ony-',
  mintoken: 'mt_live_',
}

/** A model that each emulated gateway answers for. */
export const models: Readonly<Record<EmulatedGateway, string>> = {
  joytoken: 'auto',
  opentoken: 'google/gemini-3-flash',
  freeai: 'auto',
  onysoft: 'openai/gpt-4o-mini',
  mintoken: 'gpt-4o-mini',
}

/** A fresh gateway key of the form that the gateway issues. */
export function gatewayKey(gateway: EmulatedGateway): EmulatedKey {
  const random = gateway === 'onysoft' ? randomBytes(24).toString('hex') : randomBytes(32).toString('base64url')
  const secret = prefixes[gateway] + random
  return gateway === 'mintoken' ? { secret, providerSecret: `sk-${randomBytes(32).toString('base64url')}` } : { secret }
}

/** A fresh credential of a server-side caller. */
export function callerCredential(): string {
  return `pst_${randomBytes(24).toString('base64url')}`
}

export function ringEntry(label: string, credential: string): string {
  return `${label}:${hash('sha256', credential)}`
}
