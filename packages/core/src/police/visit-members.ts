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
}

/**
 * Visits every member of a request, but for what its format leaves to the caller to fill as the caller likes: schemas of
 * functions and answers, what a function was called with and returned, an MCP server's own headers, and metadata. The
 * walk can be taken in steps.
 */
export class MemberWalk {
  readonly #visits: readonly Visit[]
  readonly #open: Open[]

  constructor(body: Members, visits: readonly Visit[]) {
    this.#visits = visits
    this.#open = [{ value: body, names: Object.keys(body), from: 0, within: undefined, top: '' }]
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
      const end = Math.min(length, next.from + left)
      left -= end - next.from + 1
      if (end < length) this.#open.push({ ...next, from: end })
      if (next.names === undefined) this.#passItems(next, end)
      else this.#passMembers(next, next.names, end)
    }
    return this.#open.length === 0
  }

  #passItems({ value, from, within, top }: Open, end: number): void {
    for (let index = from; index < end; index += 1) this.#enter((value as readonly unknown[])[index], within, top)
  }

  #passMembers({ value, from, within, top: outer }: Open, names: readonly string[], end: number): void {
    const owner = value as Members
    const isTop = within === undefined
    for (let index = from; index < end; index += 1) {
      const name = names[index] as string
      if (isCallers(name, owner, within)) continue
      const top = isTop ? name : outer
      const member = owner[name]
      for (const visit of this.#visits) visit({ name, value: member, owner, within, top, isTop })
      this.#enter(member, name, top)
    }
  }

  #enter(value: unknown, within: string | undefined, top: string): void {
    if (typeof value !== 'object' || value === null) return
    this.#open.push({ value, names: Array.isArray(value) ? undefined : Object.keys(value), from: 0, within, top })
  }
}

/** What a model called a function with (Anthropic: Messages); of any other type nobody knows what is in it. */
function isToolUse(type: unknown): boolean {
  return type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use'
}

/** What a function gets and gives is named by whoever wrote it, `model` and `file_id` included. */
function isCallers(name: string, owner: Members, within: string | undefined): boolean {
  switch (name) {
    // In no format, and in none of the objects that a parser makes of them, does anything stand below these.
    case '__proto__':
    case 'constructor':
      return within === undefined
    case 'metadata':
    case 'input_schema':
    case 'responseSchema':
    case 'response_schema':
    case 'responseJsonSchema':
    case 'response_json_schema':
    case 'parametersJsonSchema':
    case 'parameters_json_schema':
      return true
    case 'schema':
    case 'variables':
      return within !== undefined
    case 'parameters':
      return within !== undefined && (owner['type'] === undefined || owner['type'] === 'function')
    case 'input':
      return within === 'content' && isToolUse(owner['type'])
    case 'headers':
      return owner['type'] === 'mcp'
    // What an earlier answer said of its sources, given back with it; nothing is loaded by it.
    case 'annotations':
      return within === 'content'
    case 'args':
      return within === 'functionCall' || within === 'function_call'
    case 'response':
      return within === 'functionResponse' || within === 'function_response'
    default:
      return false
  }
}
