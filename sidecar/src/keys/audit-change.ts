import { resolve } from 'node:path'
import { asciiJson } from '@postern/protocol'
import type { Patience } from '@postern/stores/claim'
import { askAdmin, messageOf } from '../admin/ask.js'
import { findCredential } from '../admin/find-credential.js'
import { findPlace } from '../admin/find-place.js'
import type { AuditEntry } from '../audit/audit.js'
import { Failure } from '../failure.js'
import { operatorName } from '../operator-name.js'
import type { OpenRing } from './open-ring.js'

/** A change of the ring, for the audit. Holds no secret. */
export type RingEntry = Pick<AuditEntry, 'what'> & Readonly<Record<string, unknown>>

/** If the running sidecar does not answer within this time, in milliseconds, the audit counts as not written. */
const timeoutMs = 5000
const patience: Patience = { atMostMs: 0, onWait: () => {} }

/**
 * Writes into the audit that a command is about to change the ring. If a running sidecar has the audit file open, the sidecar writes the line.
 * If the configuration names no audit file, the line goes to stderr, for the machine's log.
 *
 * @throws {Failure} if the line cannot be written: then the change must not be made.
 * @throws {Refusal} 503 `store_unavailable` if the disk does not take the line.
 */
export async function auditChange({ checked, file, directory }: OpenRing, entry: RingEntry): Promise<void> {
  const { audit } = checked.config
  const claimed = { who: 'command', claims: operatorName(), result: 'begun', ...entry } as const
  if (audit === undefined) {
    const line = { level: 'info', time: new Date().toISOString(), event: 'audit', ...claimed, msg: 'audit' }
    process.stderr.write(`${asciiJson(JSON.stringify(line))}\n`)
    return
  }
  const { AuditInUse, openAuditFile } = await import('../audit/audit-file.js')
  const own = await openAuditFile(resolve(directory, audit.file), () => {}, patience).catch((error: unknown) => {
    if (error instanceof AuditInUse) return undefined
    throw error
  })
  if (own === undefined) return tellProcess(file, claimed)
  await own.begin(claimed).finally(() => own.close())
}

async function tellProcess(config: string, entry: RingEntry): Promise<void> {
  const question = {
    method: 'POST',
    path: '/admin/v1/audit',
    credential: findCredential(config),
    timeoutMs,
    body: JSON.stringify(entry),
  } as const
  const { status, text } = await askAdmin(findPlace({ config }), question).catch((error: unknown) => {
    throw new Failure(`Nothing was changed, since the audit cannot be written: the running sidecar has it. ${(error as Error).message}`)
  })
  if (status !== 201)
    throw new Failure(
      `Nothing was changed, since the running sidecar did not write the audit: it answered with ${status}. ${messageOf(text) ?? ''}`,
    )
}
