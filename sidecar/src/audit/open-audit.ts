import { dirname, resolve } from 'node:path'
import type { CheckedConfig } from '@postern/config'
import { masterKeysOf } from '@postern/instance'
import type { Log } from '@postern/ports'
import { patienceFor } from '../restart/patience.js'
import { type Audit, createLogAudit } from './audit.js'

/**
 * Opens the audit of a configuration: its file, or else the log.
 *
 * @param current Gives the configuration of the moment, whose first master key marks the lines.
 * @param file The configuration file: the audit's path is relative to its folder.
 * @throws {Failure} if the file cannot be used, or another process still writes to it after some time.
 */
export async function openAudit(current: () => CheckedConfig, file: string, log: Log): Promise<Audit> {
  const { config } = current()
  const { audit } = config
  if (audit === undefined) return createLogAudit(log)
  const { openAuditFile } = await import('./audit-file.js')
  const path = resolve(dirname(file), audit.file)
  let known: { readonly checked: CheckedConfig; readonly keys: ReturnType<typeof masterKeysOf> } | undefined
  const masterKeys = (): ReturnType<typeof masterKeysOf> => {
    const checked = current()
    if (known?.checked !== checked) known = { checked, keys: masterKeysOf(checked) }
    return known.keys
  }
  return openAuditFile(path, log, patienceFor('audit', path, config, log), masterKeys)
}
