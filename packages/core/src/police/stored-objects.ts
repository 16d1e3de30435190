import type { AnswerFormat } from '@postern/gateways'
import { isMergedName } from '../lib/merged-names.js'
import { squashName } from '../lib/squash-name.js'
import { notShared } from '../not-shared.js'
import { Refusal } from '../refusal.js'
import type { Members, Visit, VisitedMember } from './visit-members.js'

/** Most members of most requests refer to nothing. */
const mayRefer =
  /id|stor|back|input|conversation|container|thread|prompt|voice|audio|agent|cach|training|validation|ur[il]|type|file|image|mask|attachment|[^\0-\x7f]/i

/** Members whose text is the id of something stored: `file_id`, `vector_store_ids`, `previousResponseId`. */
const namesStored =
  /(?:(?<!pro)file|userprofile|store|container|response|message|conversation|thread|assistant|agent|skill|eval|batch|prompt|upload|vault|environment|voice|dataset)ids?$|^(?:cachedcontent|trainingfile|validationfile|conversation|thread|container)$/
/** Members whose object says by its `id` which stored one is meant. */
const refersById = /^(?:conversation|thread|container|prompt|voice|audio|agent|assistant)$/
const storedVoice = /^voice_/
/** Members that hold files: what is named in them by an id is stored. */
const holdsFiles = /^(?:file|image|mask|attachment)s?$/
const idOfFile = /^c?file[-_][a-z\d]+$/i
/** What an item says for itself. One that says nothing is looked up by its id. */
const says =
  /^(?:role|content|text|arguments|output|outputs|summary|encryptedcontent|action|code|queries|results?|tools|input|name|error|operation|commands?|pendingsafetychecks|approve)$/
/** Members that hold an address: `url`, `file_uri`, `image_url`. */
const holdsAddress = /ur[il]$/
const inlineData = /^data:/i
/** Where Google's files are. Others are public, or the caller's own. */
const storedUri = /^(?:files\/|gs:)|\bgenerativelanguage\.googleapis\.com\b/i

/**
 * What is stored at the provider under a key of several tenants, none of them may use or add to.
 *
 * @throws {Refusal} 403 `endpoint_not_allowed` that names the member.
 */
export const refuseStored: Visit = (member) => {
  if (member.value !== null && member.value !== undefined && mayRefer.test(member.name) && isStored(member))
    throw notShared(member.name.slice(0, 64))
}

function isStored({ name, value, isTop, top, owner }: VisitedMember): boolean {
  const plain = squashName(name)
  if ((isTop || isMergedName(top)) && (plain === 'store' || plain === 'background')) return value !== false
  if (plain === 'input') return Array.isArray(value) ? value.some(isReference) : isReference(value)
  if (plain === 'type') return value === 'item_reference'
  if (holdsAddress.test(plain) && typeof value === 'string' && isStoredAddress(value)) return true
  if (holdsFiles.test(plain) && isFile(plain, value)) return true
  if (plain === 'voice' && typeof value === 'string') return storedVoice.test(value)
  if (refersById.test(plain) && hasId(value)) return true
  // The provider's own skills are everybody's.
  if (plain === 'skillid' && owner['type'] === 'anthropic') return false
  return namesStored.test(plain) && holdsId(value)
}

/** A text, an object with an id, or a list with one of them. */
function holdsId(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) ? value.some(holdsId) : hasId(value))
}

/** What stands in the text itself is not fetched. */
function isStoredAddress(text: string): boolean {
  return !inlineData.test(text) && storedUri.test(text)
}

/** Whether what stands for a file, or is one in a list of them, is one that is stored. A picture may have an id of its own. */
function isFile(plain: string, value: unknown): boolean {
  if (typeof value === 'string') return idOfFile.test(value) || isStoredAddress(value)
  if (Array.isArray(value)) return value.some((item) => isFile(plain, item))
  return hasId(value) && (plain.startsWith('file') || idOfFile.test((value as { readonly id: string }).id))
}

function hasId(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && typeof (value as Members)['id'] === 'string'
}

/** An item that has an id and says nothing itself is looked up at the provider. */
function isReference(item: unknown): boolean {
  return hasId(item) && !Object.entries(item as Members).some(([name, value]) => says.test(squashName(name)) && !isEmpty(value))
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}

/**
 * Whether the provider would store the answer because the client said nothing of it.
 *
 * @throws {Refusal} 400 `request_malformed` where the client said it in a spelling of its own.
 */
export function wouldBeStored({ storedUnlessRefused }: AnswerFormat, body: Members): boolean {
  if (storedUnlessRefused !== true) return false
  const other = Object.keys(body).find((name) => name !== 'store' && squashName(name) === 'store')
  if (other !== undefined) throw new Refusal('request_malformed', { message: 'The member store is written like this.', param: 'store' })
  return body['store'] !== false
}
