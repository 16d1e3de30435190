import { headerNames, nameFault } from '@postern/protocol'
import { Refusal } from '../refusal.js'
import { type Principal, principalFields } from '../principal.js'
import { trimBlanks } from '../lib/trim-blanks.js'

/**
 * As a name stands in the header: visible ASCII. What else it holds is percent-encoded, or two names could be
 * written by the same bytes: those of one in UTF-8 are another's in Latin-1.
 */
const written = /^[!-~]+$/
const parted = /[,;="\\]/

/**
 * Reads `Postern-Act-As: user=u_7, team=acme, project=labs` and gives the principal it names.
 *
 * Values may be percent-encoded. Nothing of the delegate's own fields is inherited: for whom it calls is
 * what it wrote, whole.
 */
export function actAs(delegate: Principal, header: string): Principal {
  if (!delegate.delegate) throw new Refusal('delegation_not_allowed')
  const named: { user?: string; team?: string; project?: string } = {}
  for (const part of header.split(',')) {
    const [field, value, ...rest] = part.split('=').map(trimBlanks)
    const known = principalFields.find((name) => name === field)
    const name = rest.length === 0 && value !== undefined ? decode(value) : undefined
    if (known === undefined || name === undefined || named[known] !== undefined)
      throw malformed('is written "user=…, team=…, project=…", each at most once, in visible ASCII with all else percent-encoded as UTF-8')
    const fault = nameFault(name)
    if (fault !== undefined) throw malformed(`names a ${known} that is no name: it ${fault}`)
    named[known] = name
  }
  return { ...named, via: delegate.via, caller: delegate.caller, delegate: false }
}

function decode(value: string): string | undefined {
  if (!written.test(value) || parted.test(value)) return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    // A byte that is no UTF-8, or a percent sign alone.
    return undefined
  }
}

function malformed(what: string): Refusal {
  return new Refusal('request_malformed', { message: `${headerNames.actAs} ${what}.`, param: headerNames.actAs })
}
