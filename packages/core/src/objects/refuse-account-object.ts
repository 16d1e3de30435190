import { accountObject, type Endpoint } from '@postern/gateways'
import type { KeyLease } from '../resolve/route.js'
import { notShared } from './not-shared.js'

/**
 * Refuses an endpoint about objects of the account, unless the key allows their use.
 *
 * @throws {Refusal} 403 `endpoint_not_allowed`.
 */
export function refuseAccountObject(endpoint: Endpoint, key: KeyLease): void {
  if (!key.mayStore && accountObject(endpoint) !== undefined) throw notShared()
}
