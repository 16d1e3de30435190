import { headerNames, plainName } from '@postern/protocol'
import { Refusal } from '../refusal.js'
import { type Principal, principalFields } from '../principal.js'

/** As it stands in the header; what else a name holds is percent-encoded. */
const written = /^[^\s,;="\\]+$/

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
    const [field, value, ...rest] = part.split('=').map((text) => text.trim())
    const known = principalFields.find((name) => name === field)
    const name = rest.length === 0 && value !== undefined ? decode(value) : undefined
    if (known === undefined || name === undefined || named[known] !== undefined) {
      throw new Refusal('request_malformed', {
        message: `${headerNames.actAs} is written "user=…, team=…, project=…", each at most once.`,
        param: headerNames.actAs,
      })
    }
    named[known] = name
  }
  return { ...named, via: delegate.via, caller: delegate.caller, delegate: false }
}

function decode(value: string): string | undefined {
  if (!written.test(value)) return undefined
  try {
    const name = decodeURIComponent(value)
    return plainName.test(name) ? name : undefined
  } catch {
    return undefined
  }
}
