import { takeWithin } from '../lib/squash-name.js'
import { isContent } from '../read/content.js'
import { type Place, wholeBody } from './callers-places.js'

/** One member of a request's body, wherever it stands. */
export interface VisitedMember {
  readonly name: string
  readonly value: unknown
  /** The object that it stands in. */
  readonly owner: Members
  /** The name that its object stands under; `undefined` for the body itself. Items of a list stand under the list's name. */
  readonly within: string | undefined
  /** The name of the outermost member that it stands in: itself, where it is one of those. */
  readonly top: string
  readonly isTop: boolean
  /** How many objects its own object stands in. */
  readonly depth: number
  /** Whether it stands in an item of what the model reads: of a list of messages, inputs or documents. */
  readonly inContent: boolean
}

export type Members = Readonly<Record<string, unknown>>

/** Looks at a member. Refuses by throwing. */
export type Visit = (member: VisitedMember) => void

/** An object or list to go through, from an entry on. */
interface Open {
  readonly value: object
  /** Its members' names; `undefined` for a list. */
  readonly names: readonly string[] | undefined
  readonly from: number
  /** The name that it stands under; `undefined` for the body itself. */
  readonly within: string | undefined
  readonly top: string
  /** What its format says of its members; `undefined` where no format has it. */
  readonly place: Place | undefined
  /** How many objects it stands in. */
  readonly depth: number
  readonly inContent: boolean
}

/**
 * Visits every member of a request, but for what its format leaves to the caller to fill as the caller likes: schemas of
 * functions and answers, what a function was called with and returned, an MCP server's own headers, and metadata, each
 * in its place. The walk can be taken in steps.
 */
export class MemberWalk {
  readonly #visits: readonly Visit[]
  readonly #open: Open[]

  constructor(body: Members, visits: readonly Visit[]) {
    this.#visits = visits
    this.#open = [
      { value: body, names: Object.keys(body), from: 0, within: undefined, top: '', place: wholeBody, depth: 0, inContent: false },
    ]
  }

  /**
   * Goes on.
   *
   * @param most How many members and items at most.
   * @returns Whether that was the rest.
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
    for (let index = list.from; index < end; index += 1) this.#enter(items[index], inContent ? { ...list, inContent } : list)
  }

  #passMembers({ value, from, within, top: outer, place, depth, inContent }: Open, names: readonly string[], end: number): void {
    const owner = value as Members
    const isTop = within === undefined
    for (let index = from; index < end; index += 1) {
      const name = names[index] as string
      if (place?.callers.get(name)?.(owner) === true) continue
      const top = isTop ? name : outer
      const member = owner[name]
      const visited = { name, value: member, owner, within, top, isTop, depth, inContent }
      for (const visit of this.#visits) visit(visited)
      if (typeof member === 'object' && member !== null)
        this.#enter(member, { within: name, top, place: place?.below.get(name), depth: depth + 1, inContent })
    }
  }

  #enter(value: unknown, { within, top, place, depth, inContent }: Omit<Open, 'value' | 'names' | 'from'>): void {
    if (typeof value !== 'object' || value === null) return
    const names = Array.isArray(value) ? undefined : Object.keys(value)
    this.#open.push({ value, names, from: 0, within, top, place, depth, inContent })
  }
}
