import { type Principal, principalFields, Refusal } from '@postern/ports'

/**
 * Builds `no_key_for_caller`. It names the principal, since the caller's own credential does so too; but not an anonymous
 * principal, whose names come from the operator's configuration.
 */
export function noKeyFor(principal: Principal): Refusal {
  const named = principalFields
    .filter((field) => principal[field] !== undefined)
    .map((field) => `${field} ${JSON.stringify(principal[field])}`)
  if (principal.via === 'anonymous') return new Refusal('no_key_for_caller')
  if (named.length > 0) return new Refusal('no_key_for_caller', { message: `No gateway key is bound to ${named.join(', ')}.` })
  return new Refusal('no_key_for_caller', principal.delegate ? saysNoOne : isNoOne)
}

const saysNoOne = {
  message: 'This service caller is of no user, team or project itself.',
  help: 'Say for whom it calls in the header Postern-Act-As: "user=…, team=…".',
} as const

const isNoOne = {
  message: 'No gateway key is bound to this caller, who is of no user, team or project.',
  help: 'For the operator: say who a service caller is under callers.service.principals, bind its label (service: …), or write a default binding. There is no fallback to another key.',
} as const
