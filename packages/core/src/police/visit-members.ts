import { takeWithin } from '@postern/gateways'
import { isContent } from '../read/content.js'
import { namesOf } from '../lib/names-of.js'
import { holdsSettings } from './amount-names.js'
import { type Members, type Place, tags, wholeBody } from './callers-places.js'

/** One member of a request's body, at any depth. */
export interface VisitedMember {
  readonly name: string
  readonly value: unknown
  /** The object that contains it. */
  readonly owner: Members
  /** The name of the containing object; `undefined` for the body itself. An item of a list has the list's name. */
  readonly within: string | undefined
  /** The name of the outermost member that contains it; its own name if it is outermost. */
  readonly top: string
  readonly isTop: boolean
  /** How many objects contain its object: 0 for an outermost member. */
  readonly depth: number
  /** Whether it is in an item of the model's input: of a list of messages, inputs or documents. */
  readonly inContent: boolean
  /**
   * Whether an object around it could hold settings, however far up: `providerOptions`, `extra_body`. Gateways write such settings
   * over what stands at the top, so here `null` is a value too: it takes back what is said there, and the provider's default holds.
   */
  readonly inSettings: boolean
}

/**
 * Checks a member. Throws a `Refusal` to refuse the request. A visit does constant work: it never loops over the value's own
 * members or items, since the walk counts it as one member. If the value is a list, it may ask for its items by `eachItem`.
 */
export type Visit = (member: VisitedMember, eachItem: EachItem) => void

/** Checks one item of a list, or of lists in it; never a list itself. */
export type VisitItem = (item: unknown) => void

/** Has the walk visit the items of the member's value as well, and count each of them; nothing if the value is no list. */
export type EachItem = (visit: VisitItem) => void

/** Where a walk begins, and who else looks at the tags of a request. */
export interface WalkOptions {
  /** The place of the body; by default that of a whole request. */
  readonly place?: Place | undefined
  /** Of the visits, those that look at the tags of a request too, which the caller fills otherwise; by default none does. */
  readonly inTags?: readonly Visit[] | undefined
}

/** An object or list that the walk has not finished, and the index to go on from. */
interface Open {
  readonly value: object
  /** Its members' names; `undefined` for a list. */
  readonly names: readonly string[] | undefined
  readonly from: number
  /** Who looks at its members, and at those within it. */
  readonly visits: readonly Visit[]
  /** Its name; `undefined` for the body itself. */
  readonly within: string | undefined
  readonly top: string
  /** The members that the caller fills freely; `undefined` if no format has this path. */
  readonly place: Place | undefined
  /** How many objects contain it. */
  readonly depth: number
  readonly inContent: boolean
  /** Whether it, or an object around it, could hold settings. */
  readonly inSettings: boolean
  /** Of a list: who looks at its items. */
  readonly items: readonly VisitItem[] | undefined
}

/**
 * Visits every member of a body, except those that the caller fills freely (see {@link wholeBody}): schemas of functions and
 * answers, arguments and results of functions, headers for an MCP server, and metadata, which only some visits look at. The walk
 * can run in steps.
 */
export class MemberWalk {
  readonly #inTags: readonly Visit[]
  readonly #open: Open[]
  #items: VisitItem[] | undefined
  readonly #eachItem: EachItem = (visit) => void (this.#items ??= []).push(visit)

  constructor(body: Members, visits: readonly Visit[], { place = wholeBody, inTags = [] }: WalkOptions = {}) {
    this.#inTags = inTags
    const outermost = { visits, within: undefined, top: '', place, depth: 0, inContent: false, inSettings: false, items: undefined }
    this.#open = [{ value: body, names: namesOf(body), from: 0, ...outermost }]
  }

  /**
   * Visits the next members.
   *
   * @param most How many members and items at most.
   * @returns Whether the walk is complete.
   */
  step(most: number): boolean {
    let left = most
    while (left > 0) {
      const next = this.#open.pop()
      if (next === undefined) return true
      const length = next.names?.length ?? (next.value as readonly unknown[]).length
      const { end, cost } = takeWithin(left, next.from, length, next.names)
      left -= cost + 1
      if (end < length) this.#open.push({ ...next, from: end })
      if (next.names === undefined) this.#passItems(next, end)
      else this.#passMembers(next, next.names, end)
    }
    return this.#open.length === 0
  }

  #passItems(list: Open, end: number): void {
    const items = list.value as readonly unknown[]
    const inContent = list.inContent || (list.depth === 1 && isContent(list.top))
    const inside = inContent ? { ...list, inContent } : list
    for (let index = list.from; index < end; index += 1) {
      const item = items[index]
      if (list.items !== undefined && !Array.isArray(item)) for (const visit of list.items) visit(item)
      this.#enter(item, inside)
    }
  }

  #passMembers(open: Open, names: readonly string[], end: number): void {
    const { value, from, visits: all, within, top: outer, place, depth, inContent, inSettings } = open
    const owner = value as Members
    const isTop = within === undefined
    for (let index = from; index < end; index += 1) {
      const name = names[index] as string
      if (place?.callers.get(name)?.(owner) === true) continue
      const visits = place?.hasTags === true && name === tags ? this.#inTags : all
      if (visits.length === 0) continue
      const top = isTop ? name : outer
      const member = owner[name]
      const visited = { name, value: member, owner, within, top, isTop, depth, inContent, inSettings }
      this.#items = undefined
      for (const visit of visits) visit(visited, this.#eachItem)
      if (typeof member !== 'object' || member === null) continue
      const below = { visits, within: name, top, place: place?.below.get(name), depth: depth + 1, inContent, items: this.#items }
      this.#enter(member, { ...below, inSettings: inSettings || holdsSettings(name) })
    }
  }

  #enter(
    value: unknown,
    { visits, within, top, place, depth, inContent, inSettings, items }: Omit<Open, 'value' | 'names' | 'from'>,
  ): void {
    if (typeof value !== 'object' || value === null) return
    const names = Array.isArray(value) ? undefined : namesOf(value)
    this.#open.push({ value, names, from: 0, visits, within, top, place, depth, inContent, inSettings, items })
  }
}
