/**
 * How many bytes of bodies are given in one turn of the event loop; the body that passes this bound is the last one. To read and check a body
 * takes up to 0.15 ms for each kilobyte.
 */
const bytesPerTurn = 64 * 1024

/** Below so many bytes it costs more to tell one turn from the next than to take several turns for one. */
const bytesUncounted = 16 * 1024

interface Waiting {
  readonly bytes: number
  readonly give: () => void
}

const waiting: Waiting[] = []
/** How many bytes were given since the last turn began. */
let given = 0
/** Whether some of them were given as their bodies ended, and not by {@link nextTurn}. */
let isGivenAtEnd = false
let isWatching = false

/**
 * Gives a body now, or in a later turn of the event loop where others have used up this one: however many bodies end at the same moment,
 * calls of others wait for few of them. Bodies are given in the order in which they ended.
 *
 * @param give What is made of the body at once must happen in this call, or in microtasks behind it. It must not throw.
 */
export function giveInItsTurn(bytes: number, give: () => void): void {
  if (waiting.length > 0 || given >= bytesPerTurn) waiting.push({ bytes, give })
  else {
    given += bytes
    isGivenAtEnd = true
    give()
  }
  if (given >= bytesUncounted && !isWatching) watch()
}

function watch(): void {
  isWatching = true
  setImmediate(nextTurn)
}

/** Gives what waits, unless bodies were given as they ended just now: then connections are read once more before. */
function nextTurn(): void {
  isWatching = false
  const most = isGivenAtEnd ? 0 : bytesPerTurn
  given = 0
  isGivenAtEnd = false
  let next = 0
  while (next < waiting.length && given < most) {
    const { bytes, give } = waiting[next++] as Waiting
    given += bytes
    give()
  }
  waiting.splice(0, next)
  if (waiting.length > 0 || given >= bytesUncounted) watch()
}
