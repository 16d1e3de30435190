import { KeySearch } from '../../packages/core/src/forward/leak/key-search.js'

/** A search for these secrets, each under its name. */
export function loadKeys(keys: Readonly<Record<string, string>>): KeySearch {
  const search = new KeySearch()
  for (const [name, secret] of Object.entries(keys)) search.add(name, secret)
  return search
}

/** The bytes of a text whose characters are below 256. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

export function hexOf(text: string): string {
  return bytesOf(text).toString('hex')
}
