import { dirname } from 'node:path'
import { createLogLedger, describeProblem, type Log } from '@postern/core'
import { createRuntime } from '@postern/express'
import { requireConfig } from '../load-config.js'
import { openConfiguredStore } from '../open-store.js'
import { startSidecar } from '../sidecar.js'
import { untilSignal } from '../until-signal.js'

/** Runs the sidecar until it is told to stop. */
export async function start(options: { readonly config: string }): Promise<number> {
  const { checked, file, warnings } = requireConfig(options.config)
  const ledger = createLogLedger()
  for (const warning of warnings) ledger.log('warn', describeProblem(warning).trim())
  const log: Log = (level, message, facts) => ledger.log(level, message, facts)
  const store = await openConfiguredStore(checked, file, true)
  const runtime = createRuntime(checked, { ledger, store, log })
  const sidecar = await startSidecar({ runtime, directory: dirname(file), adminSecret: checked.secrets.get('admin.secret'), log })
  ledger.log('info', 'listening', {
    url: `${sidecar.url}${checked.config.mount}/v1`,
    ...(sidecar.admin === undefined ? {} : { admin: sidecar.admin }),
  })

  const signal = await untilSignal()
  ledger.log('info', 'draining', { signal, deadline_ms: checked.config.shutdown.deadline })
  const inTime = await sidecar.close()
  ledger.log(inTime ? 'info' : 'warn', inTime ? 'stopped' : 'stopped at the deadline; streams that were still open were cut')
  await ledger.close()
  return 0
}
