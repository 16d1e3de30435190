/** Bounds of a memo: how many names, and the longest one, in characters. Names come from clients and gateways. */
const maxNames = 4096
const maxNameChars = 64

/** Keeps a bounded memo of `findOut` by name. What is `undefined` is found out again each time. */
export function rememberNames<Found>(findOut: (name: string) => Found): (name: string) => Found {
  const found = new Map<string, Found>()
  return (name) => {
    const known = found.get(name)
    if (known !== undefined) return known
    const fresh = findOut(name)
    if (name.length <= maxNameChars && found.size < maxNames) found.set(name, fresh)
    return fresh
  }
}
