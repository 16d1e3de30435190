import type { Witness } from '@postern/ports'
import type { Trouble } from './watch-store.js'
import { listed } from './listed.js'

/** A part of the process that is lost. */
export interface Loss extends Trouble {
  readonly part: 'ledger' | 'gateways' | 'issuers' | 'backend'
}

/** Knows what is lost at this moment, of what events tell. */
export interface Losses {
  /** Give it every event. */
  readonly witness: Witness
  /** What is lost, each part once. */
  now(): readonly Loss[]
}

/** The one ledger and the one backend need no name. */
const theOne = ''

export function createLosses(): Losses {
  const lost = {
    ledger: new Map<string, Trouble>(),
    gateways: new Map<string, Trouble>(),
    issuers: new Map<string, Trouble>(),
    backend: new Map<string, Trouble>(),
  }
  const note = (part: Loss['part'], name: string, reason: string): void => {
    lost[part].set(name, { since: new Date().toISOString(), reason: name === theOne ? reason : `${name}: ${reason}` })
  }
  return {
    witness(event) {
      switch (event.type) {
        case 'ledger_lost':
          note('ledger', theOne, event.reason)
          break
        case 'ledger_back':
          lost.ledger.delete(theOne)
          break
        case 'gateway_lost':
          note('gateways', event.gateway, event.reason)
          break
        case 'gateway_back':
          lost.gateways.delete(event.gateway)
          break
        case 'issuer_lost':
          note('issuers', event.issuer, event.reason)
          break
        case 'issuer_back':
          lost.issuers.delete(event.issuer)
          break
        case 'backend_lost':
          note('backend', theOne, event.reason)
          break
        case 'backend_back':
          lost.backend.delete(theOne)
          break
        default:
      }
    },
    now: () =>
      (Object.entries(lost) as [Loss['part'], Map<string, Trouble>][])
        .filter(([, troubles]) => troubles.size > 0)
        .map(([part, troubles]) => {
          const all = [...troubles.values()]
          return { part, since: all.map(({ since }) => since).toSorted()[0] as string, reason: listed(all.map(({ reason }) => reason)) }
        }),
  }
}
