import type { CheckedConfig } from '@postern/config'
import { type KeyTrial, tryKey } from '@postern/core'
import { formatRequestId } from '@postern/protocol'
import { nextUlid } from '../doors/next-ulid.js'
import type { MasterKeys } from '../key-ring/master-keys.js'
import { openSealed, type ReadKey, type SecretRole } from '../key-ring/ring-key.js'
import { compileGateway } from './compile-gateway.js'

/** What came of trying a secret of the ring. */
export interface RingTrial extends KeyTrial {
  /** The id under which the gateway was asked: its logs have it. */
  readonly requestId: string
}

/**
 * Makes a real call with a secret of a key of the ring, under a request id of its own that says why: `rotation.validate.…` for the next
 * secret, `check.online.…` for any other. It asks for the list of models, which costs nothing, or a short
 * answer of a model.
 *
 * @throws {BrokenSeal}
 */
export async function tryRingSecret(
  read: ReadKey,
  role: SecretRole,
  {
    checked,
    masterKeys,
    model,
    signal,
  }: { checked: CheckedConfig; masterKeys: MasterKeys; model: string | undefined; signal: AbortSignal },
): Promise<RingTrial> {
  const why = role === 'next' ? { workflow: 'rotation', step: 'validate' } : { workflow: 'check', step: 'online' }
  const requestId = formatRequestId({ ...why, ulid: nextUlid(), attempt: 1 })
  const { alias, key } = read
  const kept = key.secrets.find((secret) => secret.role === role)
  const settings = checked.config.gateways[key.gateway]
  if (kept === undefined || settings === undefined)
    return {
      outcome: 'unknown',
      reason: kept === undefined ? 'The key has no such secret.' : 'Its gateway is not in the configuration.',
      requestId,
    }
  const lease = {
    alias,
    gateway: compileGateway(key.gateway, settings, checked),
    ...openSealed(read, kept, masterKeys),
    project: key.project,
    mayStore: false,
  }
  return { ...(await tryKey(lease, signal, { requestId, model })), requestId }
}
