import { headerNames } from '@postern/protocol'

const always = `${headerNames.requestId}, ${headerNames.governance}`

/** The value of `Access-Control-Expose-Headers`: the names of the headers in the answer that a page may read. */
export function exposeHeaders(further: readonly string[]): string {
  return further.length === 0 ? always : `${always}, ${further.join(', ')}`
}
