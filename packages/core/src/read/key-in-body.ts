import { holdsKey } from '@postern/gateways'
import { rememberNames, squashName, takeWithin } from '../lib/squash-name.js'
import { Refusal } from '../refusal.js'
import { isContent, isSchema } from './content.js'
import { type KeyName, keyNameOf } from './key-names.js'
import { holdsHeaders, neverPassed, steersInBody } from './steering-names.js'

/**
 * What an object is to the gateway that reads it:
 * - `body` and `settings`: it may read keys and addresses there;
 * - `labels`: what callers note about a call for themselves, under names of their own;
 * - `headers`: what becomes headers of a request to a provider;
 * - `tools`: what a model may call;
 * - `server`: a tool server or a network of the caller's own, to which the format has the caller say a credential.
 */
type Place = 'body' | 'settings' | 'labels' | 'headers' | 'tools' | 'server'

/** What a member's name says of it. */
interface NameFacts {
  readonly key: KeyName
  readonly steers: boolean
  readonly isSkipped: boolean
  readonly isOfTools: boolean
  readonly isOfServers: boolean
  /** What the objects in it are, where it is none of the usual settings. */
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

/** In a tool, what describes it to the model. */
const ofTools = new Set(['parameters', 'function', 'functiondeclarations', 'description', 'custom', 'examples', 'inputexamples', 'filters'])

/** What a format has the caller say to a server of the caller's own (`tools[].authorization` of MCP, `mcp_servers[].authorization_token`). */
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

/** Longest string that is searched for a key, in characters: no key is longer. */
const maxKeyChars = 4096

/** A dialect's pattern says how its keys begin; a word of a few letters that begins so is none. */
const minPatternChars = 16

/** An object or list to look through, from an item on. */
interface Found {
  readonly value: object
  /** Its members' names; `undefined` for a list. */
  readonly names: readonly string[] | undefined
  readonly from: number
  readonly place: Place
  readonly path: string
}

/**
 * Looks through what a gateway could read in a body for keys, by the names of members and by the form of texts, and
 * for members that say where the call goes or who pays. In what the model reads it looks for nothing.
 */
export class KeySearch {
  readonly #open: Found[] = []
  readonly #keyPattern: RegExp | undefined

  /** @param keyPattern How the keys of the gateway look, besides those that are known everywhere. */
  constructor(members: Readonly<Record<string, unknown>>, keyPattern: RegExp | undefined) {
    this.#keyPattern = keyPattern
    this.#add(members, 'body', '')
  }

  /**
   * Looks on.
   *
   * @param maxLooked How many members and items at most.
   * @returns Whether that was the rest.
   * @throws {Refusal} 400 `credential_in_request`, 400 `request_malformed`.
   */
  step(maxLooked: number): boolean {
    let left = maxLooked
    while (left > 0) {
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
    return this.#open.length === 0
  }

  #add(value: object, place: Place, path: string): void {
    this.#open.push({ value, names: Array.isArray(value) ? undefined : Object.keys(value), from: 0, place, path })
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
    if (typeof member === 'string') this.#lookAtText(member, memberPath)
    else if (typeof member === 'object' && member !== null) this.#add(member, facts.place ?? below(place), memberPath)
  }

  #lookAtText(text: string, path: string): void {
    if (text.length > maxKeyChars) return
    if (holdsKey(text) || (text.length >= minPatternChars && this.#keyPattern?.test(text.trim()) === true))
      throw new Refusal('credential_in_request', { param: shown(path) })
  }
}

/** A tool on a server of the caller's own, which has a credential of its own. */
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

/** As much of a path as an error repeats. */
function shown(path: string): string {
  return path.slice(0, 200)
}
