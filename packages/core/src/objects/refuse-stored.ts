import { squashName } from '@postern/gateways'
import { isMergedName } from '../lib/merged-names.js'
import { trimUnseen } from '../lib/unseen.js'
import type { Visit, VisitedMember } from '../police/visit-members.js'
import { hasId, hasIdOrName, isId } from './has-id.js'
import { notShared } from './not-shared.js'
import { isReference } from './reference-item.js'
import { saysOfContent } from './says-of-content.js'
import { isIdOrRelative, isStoredAddress, namesStoredFile } from './stored-address.js'

/** A cheap first test: most members cannot refer to a stored object. */
const mayRefer =
  /id|name|role|ref|arn|stor|corp|back|input|conversation|chat|session|container|thread|prompt|voice|audio|agent|assistant|librar|collection|connector|dataset|source|knowledge|cach|training|validation|ur[il]|type|file|image|mask|attachment|video|document|media|frame|bucket|src|link|location|path|data|bytes|text|content|system|instructions|task|job|generation|[^\0-\x7f]/i

/** Members whose text is the id, or at Google the name, of a stored object: `file_id`, `previousResponseId`, `fileSearchStoreNames`. */
const namesStored =
  /(?:(?<!pro)file|userprofile|store|container|response|interaction|message|conversation|context|thread|assistant|agent|skill|eval|batch|prompt|upload|vault|environment|voice|dataset|tunnel|task|job|generation|image|video|audio|clip)ids?$|filesearchstore(?:name)?s?$|^(?:cachedcontent|datastores?|ragcorp(?:us|ora)|trainingfile|validationfile|conversation|thread|container)$/
/** What is stored under a name of the tenants' own. Ends in none of the words that formats use for other things: a file's name, a voice's. */
const things =
  'store|memory|knowledge(?:base)?|library|collection|connector|dataset|datasource|database|vectordb|corpus|index|cache|cachedcontent|container|conversation|chat|session|thread|run|assistant|agent|app|bot|skill|prompt'
/** Members that refer to such a thing, by its id or otherwise: `library_ids`, `memory_store_name`, `agentReference`, `knowledgeBaseArn`. */
const namesThing = new RegExp(`(?:${things}|workflow)ids?$|(?:${things})(?:names?|refs?|references?|arns?|ur[il]s?)$`)
/** Such things without a further word. Their text is a reference. */
const calledThing =
  /^(?:agents?|assistants?|chat|session|library|libraries|collections?|connectors?|datasets?|knowledgebases?|vectordbs?|(?:vector|memory)stores?)$/
/** Where a document is looked up for the model: whatever it says, the provider reads it with the key's rights. */
const looksUp = /^datasources?$/
/** Members whose object, or each object of whose list, names a stored object by its `id`. */
const refersById = /^(?:prompt|(?:conversation|thread|container|voice|audio|video|task|job|generation|agent|assistant)s?)$/
/** Members whose object names a stored object by its `id` or its `name`. */
const refersByName =
  /^(?:agent|agentreference|assistant|prompt|conversation|container|chat|session|thread|library|collection|connectors?|dataset|knowledgebase|vectordb|(?:vector|memory)store)$/
/**
 * Members of one file, medium or task. A number, or an id without words, can be nothing but that of a stored one; in the plural a number may
 * be a count, and what the list holds may not.
 */
const holdsNumbered =
  /^(?:(?:input|prompt|reference|ref|source|init|first|last|start|end|clone|training|validation|parent|origin|previous|frame|style|control|subject|character|face|pose|base|target|background|driving)*(?:file|image|mask|attachment|video|audio|document|task|job|generation)|(?:first|last|start|end)frame)(s?)$/
/** A number in figures, or a UUID. */
const idWithoutWords = /^(?:\d+|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i
/** Types of items that are a file or a medium. An `id` in them may name a stored file. */
const ofFile = /^(?:input)?(?:file|image|video|audio|document)$/
const isIdOfFile = (value: unknown): boolean => typeof value === 'string' && idOfFile.test(trimUnseen(value))
const storedVoice = /^voice_/
/** Members that hold files. An `id` in them names a stored file. */
const holdsFiles = /^(?:file|image|mask|attachment)s?$/
const idOfFile = /^c?file[-_][a-z\d]+$/i
/** Members that are named like a medium, whatever stands before: `reference_images`, `init_image`. The id of a file in them names a stored one. */
const holdsMedium = /(?:file|image|mask|attachment|video|audio|document|media|frame|reference|seed)s?$/
/** Members that hold an address, or could instead of the file itself: `url`, `file_uri`, `image_url`, `file_data`, `video`, `source`. */
const holdsAddress =
  /(?:ur[il]s?|filedata|^(?:src|source|href|link|location|path|data|bytes)|(?:file|image|video|audio|mask|attachment|document|media|frame|bucket)s?)$/
/** Of these, the ones that hold nothing but an address. */
const holdsUrl = /ur[il](s?)$/
/** Members that hold a file's bytes in base64: by their own name, or as the `data` of an object of the format. */
const holdsBytes = /^(?:file|image|audio|video)data$/
const holdsBytesAsData = /^(?:inputaudio|inlinedata)$/
/** Members with what the model reads, in which some providers look for the address of a stored file. */
const holdsText = /^(?:content|text|system|instructions|prompt|input)$/

/**
 * If several tenants use the key, refuses members that use objects stored at the provider, or would store one.
 *
 * @throws {Refusal} 403 `endpoint_not_allowed` that names the member.
 */
export const refuseStored: Visit = (member, eachItem) => {
  const { name, value } = member
  if (value === undefined || !mayRefer.test(name)) return
  const plain = withoutIndex(squashName(name))
  const refuseIf = (isRefused: boolean): void => {
    if (isRefused) throw notShared(name.slice(0, 64))
  }
  if (plain === 'store' && member.inSettings && !member.inContent) refuseIf(value !== false)
  if (value === null) return
  refuseIf(isStored(plain, value, member, false))
  if (Array.isArray(value)) eachItem((item) => refuseIf(isStored(plain, item, member, true)))
}

/** Of several, each may have a member of its own: `image_1`, `image[0]`. */
function withoutIndex(plain: string): string {
  return plain.replace(/\d+$/, '')
}

/** @param value The member's value, or an item of it. */
function isStored(plain: string, value: unknown, member: VisitedMember, isItem: boolean): boolean {
  const { isTop, top, owner } = member
  if ((plain === 'store' || plain === 'background') && (isTop || isMergedName(top))) return value !== false
  if (plain === 'input') return isReference(value)
  if (plain === 'type') return value === 'item_reference' || value === 'agent_reference' || isTypeOfFile(value, member)
  if (plain === 'id') return isIdOfStored(value, member)
  if (typeof value === 'string' && holdsAddress.test(plain) && isStoredAddress(value, !holdsUrl.test(plain))) return true
  if (typeof value === 'string' && holdsNoPublicAddress(plain, value, member)) return true
  if (typeof value === 'string' && holdsText.test(plain) && namesStoredFile(value)) return true
  if (holdsFiles.test(plain) && isFile(plain, value)) return true
  if (holdsMedium.test(plain) && isIdOfFile(value)) return true
  // What is searched or ranked may be figures.
  if (isIdWithoutWords(value) && top !== 'documents' && isNumbered(plain, isItem)) return true
  // Moonshot's context cache: a message of this role names what is stored, in its text.
  if (plain === 'role') return typeof value === 'string' && trimUnseen(value).toLowerCase() === 'cache'
  if (plain === 'voice' && typeof value === 'string') return storedVoice.test(trimUnseen(value))
  if (refersById.test(plain) && hasId(value)) return true
  // Anthropic's own skills belong to no tenant.
  if (plain === 'skillid' && owner['type'] === 'anthropic') return false
  return (namesStored.test(plain) && holdsId(value)) || isThing(plain, value, member)
}

/** What is read as `type` and written otherwise is looked at beside an `id`, as an `id` is beside a `type`. */
function isTypeOfFile(value: unknown, { name, owner: { id } }: VisitedMember): boolean {
  return name !== 'type' && ofFile.test(squashName(String(value))) && (typeof id === 'number' || isIdOfFile(id))
}

/** Whether an `id` names something that is stored, by what it stands in. Where something else says so, it is read there by this name alone. */
function isIdOfStored(value: unknown, member: VisitedMember): boolean {
  if (!isId(value)) return false
  const { name, top, within, owner } = member
  // The caller's own documents are numbered as they like.
  if (top === 'documents') return false
  // `ID` or `Id`: some servers read it as `id`, and no format has it. `_id` is what databases add.
  if (name !== 'id' && !/[_-]/.test(name)) return true
  if (ofFile.test(squashName(String(owner['type']))) && (typeof value === 'number' || isIdOfFile(value))) return true
  const outer = within === undefined ? '' : withoutIndex(squashName(within))
  return (holdsMedium.test(outer) && isIdOfFile(value)) || isThing('id', value, member)
}

function isIdWithoutWords(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && idWithoutWords.test(trimUnseen(value)))
}

function isNumbered(plain: string, isItem: boolean): boolean {
  const found = holdsNumbered.exec(plain) ?? holdsUrl.exec(plain)
  return found !== null && (isItem || found[1] === '')
}

/** Whether a member that holds an address, or a file's bytes, holds the id or the relative address of a stored file in its place. */
function holdsNoPublicAddress(plain: string, value: string, { within, top, owner }: VisitedMember): boolean {
  // The caller's own documents say where they come from as they like.
  if (top === 'documents') return false
  if (holdsUrl.test(plain)) return isIdOrRelative(value, false)
  // A source of Anthropic's may also be words.
  const isData = plain === 'data' && (owner['type'] === 'base64' || (within !== undefined && holdsBytesAsData.test(squashName(within))))
  const isBytes = isData || holdsBytes.test(plain)
  return isBytes && isIdOrRelative(value, true)
}

/** Whether a member refers to a stored thing that has a name. */
function isThing(plain: string, value: unknown, member: VisitedMember): boolean {
  if (saysOfContent(plain, member)) return false
  const { within } = member
  if (looksUp.test(plain)) return typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value))
  if (refersByName.test(plain) && hasIdOrName(value)) return true
  // The same, where the `id` or `name` has another spelling.
  const isCalled = (plain === 'id' || plain === 'name') && within !== undefined && refersByName.test(squashName(within))
  if (!isCalled && !calledThing.test(plain) && !namesThing.test(plain)) return false
  return value !== '' && (isId(value) || hasIdOrName(value))
}

/** Whether a value is an id or an object with an `id`. */
function holdsId(value: unknown): boolean {
  return isId(value) || hasId(value)
}

/** Whether a file is a stored one. An image may have an `id` that names no stored file. */
function isFile(plain: string, value: unknown): boolean {
  if (typeof value === 'string') return isIdOfFile(value) || isStoredAddress(value, true)
  return hasId(value) && (plain.startsWith('file') || isIdOfFile((value as { readonly id: unknown }).id))
}
