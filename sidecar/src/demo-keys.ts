import { randomBytes } from 'node:crypto'
import type { EmulatedGateway, EmulatedKey } from '@postern/emulator'

const prefixes: Readonly<Record<EmulatedGateway, string>> = {
  joytoken: 'jt_',
  opentoken: 'sk-optk-',
  freeai: 'fai_',
  onysoft: 'sk-ony-',
  mintoken: 'mt_live_',
}

/** Models that the emulated gateways answer for. */
const models: Readonly<Record<EmulatedGateway, string>> = {
  joytoken: 'auto',
  opentoken: 'google/gemini-3-flash',
  freeai: 'auto',
  onysoft: 'openai/gpt-4o-mini',
  mintoken: 'gpt-4o-mini',
}

/** A fresh key of the form that a gateway issues. */
export function demoKey(gateway: EmulatedGateway): EmulatedKey {
  const random = gateway === 'onysoft' ? randomBytes(24).toString('hex') : randomBytes(32).toString('base64url')
  const secret = prefixes[gateway] + random
  return gateway === 'mintoken' ? { secret, providerSecret: `sk-${randomBytes(32).toString('base64url')}` } : { secret }
}

export function demoModel(gateway: EmulatedGateway): string {
  return models[gateway]
}
