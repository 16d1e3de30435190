import type { Slot } from '@postern/core'
import { type Arrival, ClientGone, type Identify, type Principal } from '@postern/ports'
import type { Connections } from './connections.js'

/**
 * Bounds how many requests of one address are identified at once; the others wait in the queue. A request whose caller is
 * identified synchronously, such as by a cached token, does not count. Once its caller is known, a request no longer
 * counts: an identified caller may have any number of calls under way.
 */
export function identifyInLine(identify: Identify, { identifying, addressOf }: Pick<Connections, 'identifying' | 'addressOf'>): Identify {
  const counted = (arrival: Arrival, turn: Slot): Promise<Principal> => {
    const principal = Promise.resolve().then(() => identify(arrival))
    return principal.finally(() => turn.over())
  }

  const inLine = (arrival: Arrival, address: string | undefined): Promise<Principal> =>
    new Promise((resolve, reject) => {
      const gone = (): void => {
        leave?.()
        reject(new ClientGone('The client left while it waited to be identified.'))
      }
      // A connection that is closed does not tell of its end again.
      if (arrival.connection.destroyed) {
        reject(new ClientGone('The client left before it was identified.'))
        return
      }
      const leave = identifying.enter(address, (turn) => {
        arrival.connection.off('close', gone)
        counted(arrival, turn).then(resolve, reject)
      })
      if (leave === undefined) return
      arrival.connection.setMaxListeners(0)
      arrival.connection.on('close', gone)
    })

  return (arrival) => {
    const address = lineOf(arrival, addressOf(arrival))
    if (identifying.isFull(address)) return inLine(arrival, address)
    const principal = identify(arrival)
    if (!(principal instanceof Promise)) return principal
    const turn = identifying.take(address)
    return principal.finally(() => turn.over())
  }
}

/**
 * The queue that a request waits in. Requests with and without `Authorization` have separate ones, since for a cookie the
 * backend is asked, which may take long: requests with a token do not wait for that.
 */
function lineOf({ headers }: Arrival, address: string | undefined): string | undefined {
  return address === undefined || headers.authorization !== undefined ? address : `${address} without a token`
}
