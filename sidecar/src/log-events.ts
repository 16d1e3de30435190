import type { BackendAsked, Log, PosternEvent, Witness } from '@postern/ports'

/** How many characters of a list of settings or problems one log line gets. */
const maxListChars = 2000

/** Writes what happens to the process into its log. Calls are not among it: each has its own line of the ledger. */
export function logEvents(log: Log): Witness {
  return (event) => {
    switch (event.type) {
      case 'store_lost':
        log('error', 'store_unavailable', { reason: event.reason })
        break
      case 'store_back':
        log('info', 'store_available_again', { after_ms: event.afterMs })
        break
      case 'issuer_lost':
        log('error', 'issuer_unavailable', { issuer: event.issuer, reason: event.reason })
        break
      case 'issuer_back':
        log('info', 'issuer_available_again', { issuer: event.issuer, after_ms: event.afterMs })
        break
      case 'backend_lost':
        log('warn', 'the backend does not answer', { code: event.code, cause: event.reason })
        break
      case 'backend_back':
        log('info', 'the backend answers again', { after_ms: event.afterMs })
        break
      case 'gateway_lost':
        log('error', 'gateway_unavailable', { gateway: event.gateway, reason: event.reason })
        break
      case 'gateway_back':
        log('info', 'gateway_available_again', { gateway: event.gateway, after_ms: event.afterMs })
        break
      case 'backend_ended':
        if (event.asked !== undefined) logBackendRequest(log, event, event.asked)
        break
      case 'configuration_refused':
        log('error', 'configuration_refused', { by: event.by, problems: joined(event.problems) })
        break
      case 'configuration_taken':
        log('info', 'configuration_taken', {
          by: event.by,
          changed: joined(event.changed),
          ...(event.laxer.length === 0 ? {} : { laxer: joined(event.laxer) }),
        })
        for (const warning of event.warnings) log('warn', warning)
        break
      case 'key_changed':
        log('info', 'key_changed', { key: event.key, source: event.source })
        break
      case 'key_source_lost':
        log('error', 'key_source_lost', { key: event.key, source: event.source, reason: event.reason, unavailable: event.unavailable })
        break
      case 'key_source_back':
        log('info', 'key_source_back', { key: event.key, source: event.source, after_ms: event.afterMs })
        break
      default:
    }
  }
}

/** `warn` for a request that Postern answered in place of the backend, or whose answer broke off. */
function logBackendRequest(log: Log, event: Extract<PosternEvent, { type: 'backend_ended' }>, asked: BackendAsked): void {
  const { status, code, durationMs } = event
  const { requestId, method, path, host, origin, address, cause } = asked
  log(code === undefined ? 'info' : 'warn', 'backend_request', {
    request_id: requestId,
    method,
    path,
    host,
    origin,
    address,
    status,
    code,
    cause,
    duration_ms: Math.round(durationMs * 1000) / 1000,
  })
}

function joined(texts: readonly string[]): string {
  const whole = texts.join(', ')
  return whole.length <= maxListChars ? whole : `${whole.slice(0, maxListChars)}…`
}
