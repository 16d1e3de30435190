/**
 * Reads a text that is one JSON object. Returns `undefined` if it is none, or if an object in it has a member twice: then the reader
 * of YAML, which takes JSON as well, says where. That reader takes a hundred times as long.
 *
 * @throws {NestsTooDeeply} if more than a hundred objects and lists stand in each other.
 */
export function readJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  const value = parsed(text)
  return value !== undefined && countMembers(value) === countColons(text) ? value : undefined
}

/** Further objects and lists in each other than any configuration has; readers that call themselves run out of room somewhere. */
export class NestsTooDeeply extends Error {}

const mostNested = 100

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The members of all objects in a value. Of a member that was written twice, one is left. */
function countMembers(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === mostNested) throw new NestsTooDeeply('It nests too deeply.')
  let members = 0
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) members += countMembers(item, depth + 1)
  // Objects of JSON inherit nothing that can be counted.
  else for (const name in value) members += 1 + countMembers((value as Readonly<Record<string, unknown>>)[name], depth + 1)
  return members
}

const quotationMark = 0x22
const colon = 0x3a
const backslash = 0x5c

/** The colons outside of strings: in JSON, each stands behind the name of a member. */
function countColons(text: string): number {
  let colons = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === colon) colons += 1
    else if (code === quotationMark)
      for (at += 1; text.charCodeAt(at) !== quotationMark; at += 1) if (text.charCodeAt(at) === backslash) at += 1
  }
  return colons
}
