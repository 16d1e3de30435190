import { Refusal } from './refusal.js'

/**
 * What is stored at a provider under a key that several tenants use, none of them may use: whose it is, is not known.
 *
 * @param member The member of the body that names it, where it is not the endpoint.
 */
export function notShared(member?: string): Refusal {
  return new Refusal('endpoint_not_allowed', {
    message:
      member === undefined
        ? 'Several tenants use the gateway key of this request, and the endpoint is about what is stored under it.'
        : `Several tenants use the gateway key of this request, and the member "${member}" is about what is stored under it.`,
    help: 'For the operator: bind a key to each tenant, or write "shared: true" at this one, if its tenants may read what the others stored.',
    ...(member === undefined ? {} : { param: member }),
  })
}
