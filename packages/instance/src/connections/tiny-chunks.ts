import type { IncomingMessage } from 'node:http'

/** A chunk of fewer bytes is tiny: what is done for a chunk costs more than its bytes do. */
const tinyBytes = 64

/** How many tiny chunks a request may send at once, and how many more each second. Who speaks a word per chunk sends fewer than a hundred. */
const atOnce = 4000
const perSecond = 1000

/**
 * Gives the tiny chunks of a request's body (RFC 9112, 7.1) that come in one turn of the event loop as one, and bounds how fast they come.
 * One read of a socket may hold ten thousand of them; each would pass by every listener before anything else gets its turn.
 *
 * @param refuse Is called once, at the first chunk too many; further ones are dropped unread.
 */
export function boundTinyChunks(request: IncomingMessage, refuse: () => void): void {
  if (request.headers['transfer-encoding'] === undefined) return
  // Node's parser gives each chunk to `push`, before any listener hears of it.
  const push = request.push.bind(request)
  let collected: Buffer[] = []
  let credit = atOnce
  let countedAt = performance.now()
  let isRefused = false

  function give(): boolean {
    if (collected.length === 0) return true
    const all = Buffer.concat(collected)
    collected = []
    return request.destroyed || push(all)
  }

  request.push = (chunk: Buffer | null): boolean => {
    if (isRefused) return chunk === null && push(null)
    if (chunk === null || chunk.length >= tinyBytes) {
      const goesOn = give()
      return push(chunk) && goesOn
    }
    credit -= 1
    if (credit < 0) {
      const now = performance.now()
      credit = Math.min(atOnce, credit + ((now - countedAt) * perSecond) / 1000)
      countedAt = now
    }
    if (credit >= 0) {
      if (collected.push(chunk) === 1) setImmediate(give)
      return true
    }
    isRefused = true
    collected = []
    refuse()
    return false
  }
}
