import { foldName } from './json-members.js'

/** A name without case and punctuation: `Api-Key`, `api_key` and `apiKey` are one name to people, and to some servers. */
export function squashName(name: string): string {
  return foldName(name).replaceAll(/[^a-z0-9]/g, '')
}

const maxNames = 4096
const maxNameChars = 64

/** Remembers what was found out about a name. Names come from clients, so there is a bound on how many and how long. */
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
