import type { Log, Witness } from '@postern/ports'

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
      default:
    }
  }
}

function joined(texts: readonly string[]): string {
  const whole = texts.join(', ')
  return whole.length <= maxListChars ? whole : `${whole.slice(0, maxListChars)}…`
}
