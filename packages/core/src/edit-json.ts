import { applyEdits, modify } from 'jsonc-parser'

/** Takes a member out of a JSON object's text and leaves every other character as it is. */
export function removeMember(text: string, name: string): string {
  return applyEdits(text, modify(text, [name], undefined, {}))
}

/** Sets a member in a JSON object's text, by the names that lead to it, and leaves every other character as it is. */
export function setMember(text: string, path: readonly string[], value: string): string {
  return applyEdits(text, modify(text, [...path], value, {}))
}
