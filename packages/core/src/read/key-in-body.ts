import { holdsHeaders, holdsKey, type KeyName, keyNameOf, neverPassed, squashName, steersInBody, takeWithin } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { isMergedName } from '../lib/merged-names.js'
import { namesOf } from '../lib/names-of.js'
import { rememberNames } from '../lib/remember-names.js'
import { isContent, isSchema } from './content.js'
import { isKey, nextStretch } from './key-in-text.js'

/**
 * What an object means to a gateway:
 * - `body` and `settings`: the gateway may read keys and addresses in it;
 * - `labels`: the caller's own notes about a call, under the caller's own names;
 * - `headers`: its members become headers of a request to a provider;
 * - `tools`: functions that the model may call;
 * - `server`: the caller's own tool server or network, for which the format expects a credential of the caller.
 */
type Place = 'body' | 'settings' | 'labels' | 'headers' | 'tools' | 'server'

/** The facts about a member that follow from its name. */
interface NameFacts {
  readonly key: KeyName
  readonly steers: boolean
  readonly isSkipped: boolean
  readonly isOfTools: boolean
  readonly isOfServers: boolean
  /** The place of the objects in it; `undefined`: the place of its own object, or `settings` below `body`. */
  readonly place: Place | undefined
}

const places: Readonly<Record<string, Place>> = {
  metadata: 'labels',
  attributes: 'labels',
  labels: 'labels',
  filters: 'labels',
  logitbias: 'labels',
  tools: 'tools',
  functions: 'tools',
  mcpservers: 'server',
  networkpolicy: 'server',
}

/** Members of a tool that describe it to the model. They are not searched. */
const ofTools = new Set(['parameters', 'function', 'functiondeclarations', 'description', 'custom', 'examples', 'inputexamples', 'filters'])

/** Members with a credential for the caller's own server (`authorization` of an MCP tool, `mcp_servers[].authorization_token`). */
const ofServers = new Set(['authorization', 'authorizationtoken', 'headers', 'serverurl', 'url', 'domainsecrets'])

const factsOf = rememberNames((name): NameFacts => {
  const squashed = squashName(name)
  return {
    key: keyNameOf(squashed),
    steers: steersInBody(squashed),
    isSkipped: isContent(name) || isSchema(name),
    isOfTools: ofTools.has(squashed),
    isOfServers: ofServers.has(squashed),
    place: holdsHeaders(squashed) ? 'headers' : places[squashed],
  }
})

/** A longer text is searched after its siblings, in stretches that count as members, in characters. */
const shortTextChars = 64

/** How many characters of a text count as one member that was looked at. */
const charsPerMember = 32

/** A text whose search has not finished, and the place to go on from. */
interface LongText {
  readonly text: string
  readonly path: string
  readonly from: number
}

/** An object or list that the search has not finished, and the index to go on from. */
interface Found {
  readonly value: object
  /** Its members' names; `undefined` for a list. */
  readonly names: readonly string[] | undefined
  readonly from: number
  readonly place: Place
  readonly path: string
}

/**
 * Searches a body for keys, by the names of members and the form of texts, and for members that decide where the call goes
 * or who pays. Does not search the input of the model, nor JSON schemas.
 */
export class CredentialSearch {
  readonly #open: Found[] = []
  readonly #texts: LongText[] = []
  readonly #keyPattern: RegExp | undefined

  /** @param keyPattern The form of the gateway's keys, in addition to the forms that {@link holdsKey} knows. */
  constructor(members: Readonly<Record<string, unknown>>, keyPattern: RegExp | undefined) {
    this.#keyPattern = keyPattern
    this.#add(members, 'body', '')
  }

  /**
   * Searches the next members.
   *
   * @param maxLooked How many members and items at most; of long texts, 32 characters count as one.
   * @returns Whether the search is complete.
   * @throws {Refusal} 400 `credential_in_request`, 400 `request_malformed`.
   */
  step(maxLooked: number): boolean {
    let left = maxLooked
    while (left > 0) {
      const text = this.#texts.pop()
      if (text !== undefined) {
        left -= this.#searchStretch(text)
        continue
      }
      const next = this.#open.pop()
      if (next === undefined) return true
      const { value, names, from } = next
      const length = names?.length ?? (value as readonly unknown[]).length
      const { end, cost } = takeWithin(left, from, length, names)
      left -= cost + 1
      if (end < length) this.#open.push({ ...next, from: end })
      for (let index = from; index < end; index += 1) {
        if (names === undefined) this.#lookAtItem((value as readonly unknown[])[index], next)
        else this.#lookAtMember(names[index] as string, next)
      }
    }
    return this.#open.length === 0 && this.#texts.length === 0
  }

  #add(value: object, place: Place, path: string): void {
    this.#open.push({ value, names: Array.isArray(value) ? undefined : namesOf(value), from: 0, place, path })
  }

  #lookAtItem(item: unknown, { place, path }: Found): void {
    if (typeof item === 'string') this.#lookAtText(item, path)
    else if (typeof item === 'object' && item !== null) this.#add(item, place === 'tools' && isOwnServer(item) ? 'server' : place, path)
  }

  #lookAtMember(name: string, { value, place, path }: Found): void {
    const facts = factsOf(name)
    if (facts.isSkipped || (place === 'tools' && facts.isOfTools) || (place === 'server' && facts.isOfServers)) return
    const member = (value as Readonly<Record<string, unknown>>)[name]
    const memberPath = path === '' ? name : `${path}.${name}`
    refuseName(name, facts, place, memberPath)
    if (hidesNames(member, name, facts)) throw hidden(memberPath)
    if (typeof member === 'string') this.#lookAtText(member, memberPath)
    else if (typeof member === 'object' && member !== null) this.#add(member, facts.place ?? below(place), memberPath)
  }

  #lookAtText(text: string, path: string): void {
    if (text.length > shortTextChars) this.#texts.push({ text, path, from: 0 })
    else if (holdsKey(text) || isKey(text, this.#keyPattern)) throw new Refusal('credential_in_request', { param: shown(path) })
  }

  /** Searches the next stretch of a long text. Returns what it counts for, in members. */
  #searchStretch({ text, path, from }: LongText): number {
    const { end, isData } = nextStretch(text, from)
    if ((!isData && holdsKey(text.slice(from, end))) || (from === 0 && isKey(text, this.#keyPattern)))
      throw new Refusal('credential_in_request', { param: shown(path) })
    if (end < text.length) this.#texts.push({ text, path, from: end })
    return Math.ceil((end - from) / charsPerMember)
  }
}

/** Whether a tool is a server of the caller's own (MCP), which may need a credential. */
function isOwnServer(tool: object): boolean {
  return (tool as { readonly type?: unknown }).type === 'mcp'
}

function below(place: Place): Place {
  return place === 'body' ? 'settings' : place
}

function refuseName(name: string, { key, steers }: NameFacts, place: Place, path: string): void {
  if (key === 'certain' || (key === 'possible' && place !== 'labels') || (key === 'on top' && place === 'body'))
    throw new Refusal('credential_in_request', { param: shown(path) })
  if ((steers && place !== 'labels' && place !== 'server') || (place === 'headers' && neverPassed(name) === 'steers'))
    throw new Refusal('request_malformed', {
      message: "The body has a member that would say where the call goes or who pays for it, which is the operator's to configure.",
      help: 'Remove it.',
      param: shown(path),
    })
}

/**
 * Whether a member holds names that this search cannot read, because they are not the names of an object's members: headers in pairs, in
 * items or in a text, or pairs in `extra_body`. Some servers read these as they read an object.
 */
function hidesNames(member: unknown, name: string, { place }: NameFacts): boolean {
  if (place === 'headers') return typeof member === 'string' ? member.includes(':') : Array.isArray(member) && member.length > 0
  return Array.isArray(member) && member.some((item) => Array.isArray(item)) && isMergedName(name)
}

function hidden(path: string): Refusal {
  return new Refusal('request_malformed', {
    message: 'A member for headers or further settings is an object, so that the names in it can be read.',
    help: 'Write it as {"name": "value"}.',
    param: shown(path),
  })
}

/** Cuts a path to the length that an error repeats. */
function shown(path: string): string {
  return path.slice(0, 200)
}
