import { trimBlanks } from '@postern/core'
import { type Principal, principalFields, Refusal } from '@postern/ports'
import { headerNames, nameFault } from '@postern/protocol'

/**
 * A name as the header writes it: visible ASCII, with all else percent-encoded. Raw bytes are refused: the same bytes
 * are one name in UTF-8 and another in Latin-1.
 */
const written = /^[!-~]+$/
const parted = /[,;="\\]/

/**
 * Reads `Postern-Act-As: user=u_7, team=acme, project=labs` and returns the principal that it names.
 *
 * Values may be percent-encoded. A field that the header does not name stays empty: it is not taken from the delegate.
 *
 * @throws {Refusal} 403 `delegation_not_allowed` if the caller is not a delegate, 400 `request_malformed`.
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
  const { via, caller, former, service } = delegate
  return { ...named, service, actsFor: true, via, caller, delegate: false, ...(former === undefined ? {} : { former }) }
}

function decode(value: string): string | undefined {
  if (!written.test(value) || parted.test(value)) return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    // Not UTF-8, or a percent sign without two hexadecimal digits.
    return undefined
  }
}

function malformed(what: string): Refusal {
  return new Refusal('request_malformed', { message: `${headerNames.actAs} ${what}.`, param: headerNames.actAs })
}
