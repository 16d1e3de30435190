import { inTurns } from '../lib/in-turns.js'
import type { JsonBody } from './json-body.js'
import { KeySearch } from './key-in-body.js'
import { readJson } from './strict-json.js'

/** Members and items that are searched in one turn of the event loop. */
const maxSearchedPerTurn = 10_000

/**
 * Reads a JSON body in the one way that it can be read, and finds no key in it. Small bodies are read at once.
 *
 * @param keyPattern How keys of the gateway look.
 * @param looksInContent Whether policy looks at members of any depth; then none may stand twice anywhere.
 * @throws {Refusal} 400 `request_malformed`, 400 `credential_in_request`; of a large body by rejecting.
 */
export function readClearBody(bytes: Buffer, keyPattern: RegExp | undefined, looksInContent = false): JsonBody | Promise<JsonBody> {
  const body = readJson(bytes, looksInContent)
  if (body instanceof Promise) return body.then((large) => searchInTurns(large, keyPattern))
  new KeySearch(body.members, keyPattern).step(Infinity)
  return body
}

async function searchInTurns(body: JsonBody, keyPattern: RegExp | undefined): Promise<JsonBody> {
  const search = new KeySearch(body.members, keyPattern)
  await inTurns(() => search.step(maxSearchedPerTurn))
  return body
}
