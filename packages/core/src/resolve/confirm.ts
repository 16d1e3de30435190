import type { Readable } from 'node:stream'
import { type Arrival, type Identify, type Principal, Refusal } from '@postern/ports'
import { WatchedBody } from '../lib/watched-body.js'
import type { Resolve } from './resolve.js'
import type { Route } from './route.js'

/** From this age on, a call is looked at again once its body is whole, in milliseconds. */
const longMs = 1000

/** From this age on, a call is not sent under a configuration that was replaced while its body was on its way, in milliseconds. */
const replacedMs = 5000

/**
 * Decides, when the body of a request is whole, whether what was true at its head still holds. Otherwise a client that is slow with its
 * body would keep for hours what was taken away meanwhile. A body that streams through is looked at again before its last byte goes on:
 * the gateway gets no whole request if what was true holds no more.
 *
 * @param body What `police` allows to be sent.
 * @returns The route of now: the secret of its key may be a newer one.
 * @throws {Refusal} 401 `caller_expired` if the credential expired since; what {@link Identify} throws if the backend knows a cookie no
 *   more, and 401 `caller_invalid` if the cookie is somebody else's now; 503 `draining` if the configuration was replaced, or the caller
 *   has another key; what {@link Resolve} throws if it has none any more.
 */
export type Confirm = (arrival: Arrival, principal: Principal, route: Route, body: Buffer | Readable | null) => Route | Promise<Route>

/**
 * @param identify Says anew who calls by a cookie, or by a credential that another has replaced and that ends soon. Tokens say their end
 *   themselves, or are revoked; other credentials end with a configuration.
 * @param isReplaced Whether the configuration was replaced.
 */
export function createConfirm(
  identify: Identify,
  resolve: (...asked: Parameters<Resolve>) => Route | Promise<Route>,
  isReplaced: () => boolean,
): Confirm {
  const look = (arrival: Arrival, principal: Principal, route: Route): Route | Promise<Route> => {
    const ageMs = arrival.watch.wholeMs()
    if (ageMs < longMs) return route
    if (principal.expiresAt !== undefined && principal.expiresAt <= Date.now()) throw new Refusal('caller_expired')
    if (ageMs >= replacedMs && isReplaced()) throw changed()
    const again = (): Route | Promise<Route> => {
      const now = resolve(arrival, principal)
      return now instanceof Promise ? now.then((found) => sameOf(route, found)) : sameOf(route, now)
    }
    if (principal.via !== 'forwardAuth' && principal.former !== true) return again()
    return Promise.resolve(identify(arrival)).then((now) => {
      requireSame(principal, now)
      return again()
    })
  }
  return (arrival, principal, route, body) => {
    if (body instanceof WatchedBody) body.lastLook = () => look(arrival, principal, route)
    return look(arrival, principal, route)
  }
}

function requireSame(before: Principal, now: Principal): void {
  if (now.user === before.user && now.team === before.team && now.project === before.project) return
  throw new Refusal('caller_invalid', { message: 'While the body of the request was on its way, somebody else signed in.' })
}

/** What was decided about the body depends on the gateway, its endpoint, and whether the key may store. */
function sameOf(before: Route, now: Route): Route {
  const isSame =
    now.key.alias === before.key.alias &&
    now.key.mayStore === before.key.mayStore &&
    now.gateway === before.gateway &&
    now.endpoint === before.endpoint
  if (!isSame) throw changed()
  return now
}

function changed(): Refusal {
  return new Refusal('draining', {
    message: 'While the body of the request was on its way, the configuration changed.',
    help: 'Send the request again: the gateway did not get it whole.',
    retryAfterSeconds: 1,
  })
}
