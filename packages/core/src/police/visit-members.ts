/** One member of a request's body, wherever it stands. */
export interface VisitedMember {
  readonly name: string
  readonly value: unknown
  /** The object that it stands in. */
  readonly owner: Members
  /** The name of the outermost member that it stands in: itself, where it is one of those. */
  readonly top: string
  readonly isTop: boolean
}

export type Members = Readonly<Record<string, unknown>>

/** An object or a list, with how far it was looked at. */
interface Frame {
  readonly value: Members | readonly unknown[]
  /** Of an object: its names. */
  readonly names: readonly string[] | undefined
  /** The name that it stands under; `undefined` for the body itself. */
  readonly within: string | undefined
  readonly top: string
  next: number
}

/**
 * Visits every member of a request, but for what its format leaves to the caller to fill as the caller likes: schemas of
 * functions and answers, what a function was called with and returned, an MCP server's own headers, and metadata.
 *
 * In steps, so that a large body can be visited between other work.
 */
export class MemberWalk {
  readonly #open: Frame[] = []
  readonly #visit: (member: VisitedMember) => void

  constructor(body: Members, visit: (member: VisitedMember) => void) {
    this.#visit = visit
    this.#enter(body, undefined, '')
  }

  /**
   * @param most How many members and items at most.
   * @returns Whether all were visited.
   */
  step(most: number): boolean {
    for (let done = 0; done < most; done += 1) {
      const frame = this.#open[this.#open.length - 1]
      if (frame === undefined) return true
      const at = frame.next
      frame.next += 1
      if (frame.names === undefined) this.#takeItem(frame, at)
      else this.#takeMember(frame, frame.names[at])
    }
    return this.#open.length === 0
  }

  #takeItem({ value, within, top }: Frame, at: number): void {
    const items = value as readonly unknown[]
    if (at >= items.length) this.#open.pop()
    else this.#enter(items[at], within, top)
  }

  #takeMember({ value, within, top }: Frame, name: string | undefined): void {
    if (name === undefined) {
      this.#open.pop()
      return
    }
    const owner = value as Members
    if (isCallers(name, owner, within)) return
    const isTop = within === undefined
    const member = owner[name]
    this.#visit({ name, value: member, owner, top: isTop ? name : top, isTop })
    this.#enter(member, name, isTop ? name : top)
  }

  #enter(value: unknown, within: string | undefined, top: string): void {
    if (typeof value !== 'object' || value === null) return
    const names = Array.isArray(value) ? undefined : Object.keys(value)
    this.#open.push({ value: value as Frame['value'], names, within, top, next: 0 })
  }
}

/** {@link MemberWalk} at once. */
export function visitMembers(body: Members, visit: (member: VisitedMember) => void): void {
  new MemberWalk(body, visit).step(Infinity)
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
      return typeof owner['type'] === 'string' && owner['type'].endsWith('tool_use')
    case 'headers':
      return owner['type'] === 'mcp'
    case 'args':
      return within === 'functionCall' || within === 'function_call'
    case 'response':
      return within === 'functionResponse' || within === 'function_response'
    default:
      return false
  }
}
