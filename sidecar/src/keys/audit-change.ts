import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { CheckedConfig } from '@postern/config'
import { BrokenSeal, masterKeysOf, RingFault } from '@postern/instance'
import { createRedactor, searchedSecrets, StoreNotAsked } from '@postern/ports'
import { redactKeys } from '@postern/protocol'
import type { Patience } from '@postern/stores/claim'
import { askAdmin, describeRefused } from '../admin/ask.js'
import { findCredential } from '../admin/find-credential.js'
import { findPlace } from '../admin/find-place.js'
import type { AuditEntry } from '../audit/audit.js'
import { Failure } from '../failure.js'
import { operatorName } from '../operator-name.js'
import type { OpenRing } from './open-ring.js'

/** A change of the ring, for the audit. Holds no secret. */
export type RingEntry = Pick<AuditEntry, 'what'> & Readonly<Record<string, unknown>>

type Line = RingEntry & Pick<AuditEntry, 'who' | 'result'>
type AuditPlace = Pick<OpenRing, 'checked' | 'file' | 'directory'>

/** If the running sidecar does not answer within this time, in milliseconds, the audit counts as not written. */
const timeoutMs = 5000
/** How many characters of a reason are written at most. */
const maxReasonChars = 300
const patience: Patience = { atMostMs: 0, onWait: () => {} }

/**
 * Makes a change of the ring with two lines in the audit: `begun` before it, and what came of it. Both have the same `change`. If a running
 * sidecar has the audit file open, the sidecar writes the lines. If the configuration names no audit file, nothing is written.
 *
 * @returns What `change` gives.
 * @throws {Failure} if the first line cannot be written: then the change is not made.
 * @throws {Refusal} 503 `store_unavailable` if the disk does not take the first line.
 */
export async function whileAudited<Result>(ring: AuditPlace, entry: RingEntry, change: () => Promise<Result>): Promise<Result> {
  if (ring.checked.config.audit === undefined) return change()
  const line = { who: 'command', claims: operatorName(), change: randomUUID(), ...entry } as const
  await write(ring, { ...line, result: 'begun' }).catch((error: unknown) => {
    if (error instanceof NotWritten) throw new Failure(`Nothing was changed, since the audit cannot be written: ${error.message}`)
    throw error
  })
  let result: Result
  try {
    result = await change()
  } catch (error) {
    const reason = redact((error as Error).message, ring.checked)
      .replaceAll(/\s*\n\s*/g, ' ')
      .slice(0, maxReasonChars)
    await writeLast(ring, { ...line, result: resultOf(error), reason })
    throw error
  }
  await writeLast(ring, { ...line, result: 'done' })
  return result
}

/** `refused`: the ring does not take the change. `failed`: the store was not reached. `unknown`: the store may have made the change. */
function resultOf(error: unknown): AuditEntry['result'] {
  if (error instanceof RingFault || error instanceof BrokenSeal || error instanceof Failure) return 'refused'
  return error instanceof StoreNotAsked ? 'failed' : 'unknown'
}

function redact(text: string, { secrets }: CheckedConfig): string {
  return redactKeys(createRedactor(searchedSecrets(secrets)).redact(text))
}

/** Writes what came of a change. If that fails, the person at the command is told: the change cannot be taken back. */
async function writeLast(ring: AuditPlace, line: Line): Promise<void> {
  await write(ring, line).catch((error: unknown) => {
    process.stderr.write(`The audit has no line that says "${line.result}" of this: ${(error as Error).message}\n`)
  })
}

/** The running sidecar has the audit file open, and did not write the line. */
class NotWritten extends Failure {}

async function write({ checked, file, directory }: AuditPlace, line: Line): Promise<void> {
  const { AuditInUse, openAuditFile } = await import('../audit/audit-file.js')
  const path = resolve(directory, checked.config.audit?.file as string)
  const masterKeys = masterKeysOf(checked)
  const own = await openAuditFile(
    path,
    () => {},
    patience,
    () => masterKeys,
  ).catch((error: unknown) => {
    if (error instanceof AuditInUse) return undefined
    throw error
  })
  if (own === undefined) return tellProcess(file, line)
  await own.require(line).finally(() => own.close())
}

/** @throws {NotWritten} */
async function tellProcess(config: string, line: Line): Promise<void> {
  const credential = findCredential(config)
  const question = { method: 'POST', path: '/admin/v1/audit', credential, timeoutMs, body: JSON.stringify(line) } as const
  const answer = await askAdmin(findPlace({ config }), question).catch((error: unknown) => {
    throw new NotWritten(`the running sidecar has it. ${(error as Error).message}`)
  })
  if (answer.status !== 201)
    throw new NotWritten(`the running sidecar has it, and answered with ${answer.status}. ${describeRefused(answer, 'keys')}`)
}
