import { dirname, resolve } from 'node:path'
import type { Config } from '@postern/config'
import type { Log } from '@postern/ports'
import { patienceFor } from '../restart/patience.js'
import { type Audit, createLogAudit } from './audit.js'

/**
 * Opens the audit of a configuration: its file, or else the log.
 *
 * @param file The configuration file: the audit's path is relative to its folder.
 * @throws {Failure} if the file cannot be used, or another process still writes to it after some time.
 */
export async function openAudit(config: Pick<Config, 'audit' | 'shutdown'>, file: string, log: Log): Promise<Audit> {
  const { audit } = config
  if (audit === undefined) return createLogAudit(log)
  const { openAuditFile } = await import('./audit-file.js')
  const path = resolve(dirname(file), audit.file)
  return openAuditFile(path, log, patienceFor('audit', path, config, log))
}
