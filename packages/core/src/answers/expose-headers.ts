import { headerNames } from '@postern/protocol'

const always = `${headerNames.requestId}, ${headerNames.governance}`

/** The value of `Access-Control-Expose-Headers`: the names of the headers in the answer that a page may read. */
export function exposeHeaders(...further: readonly (readonly string[])[]): string {
  let names = always
  for (const list of further) if (list.length > 0) names += `, ${list.join(', ')}`
  return names
}
