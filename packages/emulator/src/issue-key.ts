import { randomBytes } from 'node:crypto'
import type { EmulatedGateway } from './emulated-gateway.js'
import type { EmulatedKey } from './emulated-key.js'

const PREFIXES: Readonly<Record<EmulatedGateway, string>> = {
  joytoken: 'jt_',
  opentoken: 'sk-optk-',
  freeai: 'fai_',
  onysoft: 'sk-ony-',
  mintoken: 'mt_live_',
}

/** Makes a fresh key of the form that a gateway issues; for Mintoken, a provider's key with it. */
export function issueKey(gateway: EmulatedGateway): EmulatedKey {
  const random = gateway === 'onysoft' ? randomBytes(24).toString('hex') : randomBytes(32).toString('base64url')
  const secret = PREFIXES[gateway] + random
  return gateway === 'mintoken' ? { secret, providerSecret: `sk-${randomBytes(32).toString('base64url')}` } : { secret }
}
