import { digestKey } from '../digest-key.js'

/** How many names are remembered: some 2 MB. */
const mostNames = 10_000

/**
 * Names windows in the file: by a digest, since the id of a budget may hold the name of a user. Remembers the names, since most calls count in
 * windows that earlier ones counted in.
 */
export function createWindowNames(): (startMs: number, budgetId: string) => string {
  let known = new Map<string, string>()
  return (startMs, budgetId) => {
    const window = `${startMs} ${budgetId}`
    let name = known.get(window)
    if (name === undefined) {
      if (known.size >= mostNames) known = new Map()
      known.set(window, (name = digestKey(window)))
    }
    return name
  }
}
