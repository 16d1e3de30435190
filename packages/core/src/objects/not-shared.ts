import { Refusal } from '@postern/ports'

/**
 * Refuses the use of a stored object if several tenants use the key: Postern does not know which tenant stored it.
 *
 * @param member The member of the body that names the object; `undefined` if the endpoint itself is about stored objects.
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
