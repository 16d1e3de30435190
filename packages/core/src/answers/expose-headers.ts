import { headerNames } from '@postern/protocol'

const always = `${headerNames.requestId}, ${headerNames.governance}`

/** The names for `Access-Control-Expose-Headers`: what is really sent, so that a page can read it. */
export function exposeHeaders(further: readonly string[]): string {
  return further.length === 0 ? always : `${always}, ${further.join(', ')}`
}
