import { Connection } from './connection.js'
import type { Failures } from './failures.js'
import type { MemoryJob } from './job.js'
import { requestTo } from './request.js'

/** How many are opened at a time: a burst would measure the burst. */
const openedAtOnce = 50

/** How many addresses of this machine they come from: one alone may have no more than a part of Postern's connections. */
const addresses = 8

/**
 * Opens streams and holds them.
 *
 * @param take Is told each piece of a body, by the number of its stream.
 * @returns How many have had their first event. A stream that ends later is noted as a failure.
 */
export async function openStreams(
  { target, streams, pace }: Pick<MemoryJob, 'target' | 'streams' | 'pace'>,
  failures: Failures,
  take: (stream: number, piece: Buffer) => void = () => undefined,
): Promise<number> {
  const request = requestTo(target, pace)
  const openOne = async (stream: number): Promise<void> => {
    const connection = await Connection.open(target.port, `127.0.0.${2 + (stream % addresses)}`)
    let isOpen = false
    await new Promise<void>((opened, failed) => {
      connection
        .exchange(request, (piece) => {
          take(stream, piece)
          isOpen = true
          opened()
        })
        .then(() => Promise.reject(new Error('a stream ended too soon')))
        .catch((error: unknown) => (isOpen ? failures.note(error) : failed(error)))
    })
  }
  let begun = 0
  while (begun < streams && failures.outcome().errors === 0) {
    const first = begun
    begun = Math.min(streams, first + openedAtOnce)
    await Promise.all(Array.from({ length: begun - first }, (_, index) => openOne(first + index).catch(failures.note)))
  }
  return begun - failures.outcome().errors
}
