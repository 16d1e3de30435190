import { Refusal } from '@postern/ports'
import type { Credential } from './credential.js'
import { kindOfJwt } from './jwt-form.js'
import { isFromAuthorization } from './verifier.js'

/** The refusal of a token that belongs to no known caller. A JWT comes here if no verifier for its kind is configured. */
export function refuseCredential({ text }: Credential): Refusal {
  const kind = kindOfJwt(text)
  return new Refusal('caller_invalid', kind === undefined ? {} : notConfigured[kind])
}

const notConfigured = {
  session: {
    message: 'The credential is a session token, and sessions are not taken here.',
    help: 'For the operator: that needs callers.session.',
  },
  other: {
    message: 'The credential is a token of an identity provider, and none is taken here.',
    help: 'For the operator: that needs an entry under callers.jwt. A session token says so itself, by the type postern-session+jwt.',
  },
} as const

/** The refusal of a request without a token. If it has cookies, the message says that none of them counts here. */
export function refuseNobody({ form }: Credential): Refusal {
  if (form !== 'cookie') return new Refusal('caller_missing')
  return new Refusal('caller_missing', {
    message: 'The request does not say who is calling: it has no Authorization header, and none of its cookies is one that says so here.',
  })
}

/** The refusal of a credential that no verifier recognises. */
export function refuseUnrecognised(credential: Credential): Refusal {
  return isFromAuthorization(credential) ? refuseCredential(credential) : refuseNobody(credential)
}
