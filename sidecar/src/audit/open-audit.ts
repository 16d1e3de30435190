import { dirname, resolve } from 'node:path'
import type { Config } from '@postern/config'
import type { Log } from '@postern/ports'
import { type Audit, createLogAudit } from './audit.js'

/**
 * Opens the audit of a configuration: its file, or else the log.
 *
 * @param file The configuration file: the audit's path is relative to its folder.
 * @throws {Failure} if the file cannot be used, or another process writes to it.
 */
export async function openAudit({ audit }: Pick<Config, 'audit'>, file: string, log: Log): Promise<Audit> {
  if (audit === undefined) return createLogAudit(log)
  const { openAuditFile } = await import('./audit-file.js')
  return openAuditFile(resolve(dirname(file), audit.file), log)
}
