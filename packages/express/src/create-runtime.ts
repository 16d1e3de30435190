import { type CheckedConfig, compile, createLogLedger, type Ledger, type Runtime } from '@postern/core'
import { createFailedAttempts } from './failed-attempts.js'
import { securityHeaders } from './security-headers.js'

/** Compiles a checked configuration with the edge that every door has: helmet's headers and the count of failed authentications. */
export function createRuntime(checked: CheckedConfig, ledger: Ledger = createLogLedger()): Runtime {
  const { limit, window: windowMs } = checked.config.failedAuthentication
  return compile(checked, { ledger, failedAttempts: createFailedAttempts({ limit, windowMs }), securityHeaders: securityHeaders() })
}
