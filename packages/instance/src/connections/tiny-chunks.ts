import type { IncomingMessage } from 'node:http'

/** A chunk of fewer bytes is tiny: what is done for a chunk costs more than its bytes do. */
const tinyBytes = 64

/** How many tiny chunks a request may send at once, and how many more each second. Who speaks a word per chunk sends fewer than a hundred. */
const atOnce = 4000
const perSecond = 1000

/** Chunks of fewer bytes are given together. */
const smallBytes = 1024

/** After so many small chunks in one turn no more is read of the request before its turn has come. */
const mostInTurn = 256

/** How many such requests have their turn in one turn of the event loop. */
const mostTurns = 4

/** Requests of which no more is read until what they have collected is given. */
const waiting: (() => void)[] = []

function takeTurns(): void {
  for (const give of waiting.splice(0, mostTurns)) give()
  if (waiting.length > 0) setImmediate(takeTurns)
}

function awaitTurn(give: () => void): void {
  if (waiting.push(give) === 1) setImmediate(takeTurns)
}

/**
 * Gives the small chunks of a request's body (RFC 9112, 7.1) that come in one turn of the event loop as one, and bounds how fast tiny ones come.
 * One read of a socket may hold ten thousand of them; each would pass by every listener before anything else gets its turn. Whoever sends
 * many is read again only after others that send many: what is made of their chunks in one turn does not grow with how many they are. What
 * Node's parser does with one read of each, up to 64 KB, it does at once.
 *
 * @param refuse Is called once, at the first tiny chunk too many; further ones are dropped unread.
 */
export function boundTinyChunks(request: IncomingMessage, refuse: () => void): void {
  if (request.headers['transfer-encoding'] === undefined) return
  // Node's parser gives each chunk to `push`, before any listener hears of it, and reads no more of the socket where that says `false`.
  const push = request.push.bind(request)
  let collected: Buffer[] = []
  let smallOnes = 0
  let credit = atOnce
  let countedAt = performance.now()
  let isRefused = false
  let isWaiting = false
  /** Whether the stream wanted more when it was given something last: back-pressure is heeded for small chunks as for others. */
  let isWanted = true

  function give(): void {
    if (collected.length === 0) return
    const all = Buffer.concat(collected)
    collected = []
    // Once it is given, the stream has the socket read again as soon as it wants more.
    isWanted = request.destroyed || push(all)
  }

  function giveInTurn(): void {
    isWaiting = false
    give()
  }

  function endOfTurn(): void {
    smallOnes = 0
    if (!isWaiting) give()
  }

  function isTooMany(): boolean {
    credit -= 1
    if (credit < 0) {
      const now = performance.now()
      credit = Math.min(atOnce, credit + ((now - countedAt) * perSecond) / 1000)
      countedAt = now
    }
    return credit < 0
  }

  request.push = (chunk: Buffer | null): boolean => {
    if (isRefused) return chunk === null && push(null)
    if (chunk === null || (chunk.length >= smallBytes && !isWaiting)) {
      give()
      isWanted = push(chunk)
      return isWanted
    }
    if (chunk.length < tinyBytes && isTooMany()) {
      isRefused = true
      collected = []
      refuse()
      return false
    }
    collected.push(chunk)
    if (chunk.length < smallBytes) smallOnes += 1
    if (smallOnes === 1) setImmediate(endOfTurn)
    if (smallOnes < mostInTurn) return isWanted
    if (!isWaiting) awaitTurn(giveInTurn)
    isWaiting = true
    return false
  }
}
