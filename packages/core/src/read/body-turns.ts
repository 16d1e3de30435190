import { FairLines } from '../lib/fair-lines.js'

/**
 * How many bytes of bodies are given in one turn of the event loop; the body that passes this bound is the last one. To read and check a body
 * takes up to 0.3 ms for each kilobyte.
 */
const bytesPerTurn = 16 * 1024

/** Below so many bytes it costs more to tell one turn from the next than to take several turns for one. */
const bytesUncounted = 8 * 1024

interface Waiting {
  readonly bytes: number
  readonly give: () => void
}

/** A caller's small bodies do not wait for another's large ones, but for the turns that these have left. */
const bytesPerRound = 8 * 1024

const waiting = new FairLines<Waiting>(bytesPerRound)
/** How many bytes were given since the last turn began. */
let given = 0
/** Whether some of them were given as their bodies ended, and not by {@link nextTurn}. */
let isGivenAtEnd = false
let isWatching = false

/**
 * Gives a body now, or in a later turn of the event loop where others have used up this one: however many bodies of a caller end at the
 * same moment, calls of others wait for few of them. Callers take turns by the
 * size of their bodies, and the bodies of one are given in the order in which they ended.
 *
 * @param owner Whose body it is.
 * @param give What is made of the body at once must happen in this call, or in microtasks behind it. It must not throw.
 */
export function giveInItsTurn(owner: string, bytes: number, give: () => void): void {
  if (waiting.size > 0 || given >= bytesPerTurn) waiting.push(owner, { bytes, give }, bytes)
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
  while (given < most) {
    const next = waiting.take()
    if (next === undefined) break
    given += next.bytes
    next.give()
  }
  if (waiting.size > 0 || given >= bytesUncounted) watch()
}
