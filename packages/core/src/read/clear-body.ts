import { inTurns } from '../lib/in-turns.js'
import type { JsonBody } from './json-body.js'
import { CredentialSearch } from './key-in-body.js'
import { readSettingsTexts } from './settings-texts.js'
import { readJson } from './strict-json.js'

/** How many members and items are searched in one turn of the event loop. */
const maxSearchedPerTurn = 4000

/**
 * Reads a JSON body, and refuses a body that has several readings or holds a key. A small body is read at once, a large one
 * in several turns of the event loop.
 *
 * @param keyPattern The form of the gateway's keys.
 * @param looksInContent `true` if policy checks members at any depth; then no member may be repeated at any depth.
 * @param owner Whose body it is; the work on several is done in turns.
 * @throws {Refusal} 400 `request_malformed`, 400 `credential_in_request`; for a large body the promise rejects.
 */
export function readClearBody(
  bytes: Buffer,
  keyPattern: RegExp | undefined,
  looksInContent = false,
  owner = '',
): JsonBody | Promise<JsonBody> {
  const body = readJson(bytes, looksInContent, owner)
  if (body instanceof Promise) return body.then((large) => searchInTurns(large, keyPattern, looksInContent, owner))
  readSettingsTexts(body.members, looksInContent)
  const search = new CredentialSearch(body.members, keyPattern)
  if (search.step(maxSearchedPerTurn)) return body
  return inTurns(() => search.step(maxSearchedPerTurn), owner).then(() => body)
}

async function searchInTurns(body: JsonBody, keyPattern: RegExp | undefined, looksInContent: boolean, owner: string): Promise<JsonBody> {
  readSettingsTexts(body.members, looksInContent)
  const search = new CredentialSearch(body.members, keyPattern)
  await inTurns(() => search.step(maxSearchedPerTurn), owner)
  return body
}
