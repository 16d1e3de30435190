import type { Explanation, ToldLimit } from '@postern/instance'
import { type ErrorCode, errorCodes } from '@postern/protocol'

/**
 * The refusal of a call of which a limit has nothing left: the first such limit decides, as for a call. `undefined`: each has something left.
 *
 * @param isFree Whether the call costs nothing: then limits of requests alone count it.
 */
export function refusedByLimit(limits: readonly ToldLimit[], isFree: boolean): Explanation['refusal'] {
  const empty = limits.find(({ unit, left }) => left !== undefined && left <= 0 && (!isFree || unit === 'requests'))
  if (empty === undefined) return undefined
  const { name, path, resets_in: resetsIn } = empty
  const code = codeOf(empty)
  const again = resetsIn === undefined ? '' : ` The count begins anew in ${resetsIn} s.`
  const { status, help } = errorCodes[code]
  return { code, status, reason: `The limit "${name}" (${path}) has nothing left: ${whyEmpty(empty, code)}.${again}`, help }
}

/** As `reserve` refuses a call. */
function codeOf({ unit, limit, booked = 0, resets_in: resetsIn }: ToldLimit): ErrorCode {
  if (unit === 'streams') return 'too_many_streams'
  if (unit === 'requests') return resetsIn === undefined ? 'budget_exhausted' : 'rate_limited'
  return booked < limit ? 'budget_held' : 'budget_exhausted'
}

function whyEmpty({ unit, limit, held = 0 }: ToldLimit, code: ErrorCode): string {
  if (code === 'too_many_streams')
    return `${limit} are open. A stream waits for one of them to end, for two seconds; a call without a stream is forwarded`
  if (code === 'budget_held') return `calls under way hold ${held} ${unit}, which may come back when they end`
  return 'it is used up'
}
