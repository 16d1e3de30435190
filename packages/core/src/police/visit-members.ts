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

interface Visit {
  readonly value: object
  /** The name that it stands under; `undefined` for the body itself. */
  readonly name: string | undefined
  readonly top: string
}

/**
 * Visits every member of a request, but for what its format leaves to the caller to fill as the caller likes: schemas of
 * functions and answers, what a function was called with and returned, an MCP
 * server's own headers, and metadata.
 */
export function visitMembers(body: Members, visit: (member: VisitedMember) => void): void {
  const open: Visit[] = [{ value: body, name: undefined, top: '' }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, name: within, top } = next
    if (Array.isArray(value)) {
      for (const item of value as readonly unknown[])
        if (typeof item === 'object' && item !== null) open.push({ value: item, name: within, top })
      continue
    }
    const owner = value as Members
    const isTop = within === undefined
    for (const name in owner) {
      if (isCallers(name, owner, within)) continue
      const member = owner[name]
      visit({ name, value: member, owner, top: isTop ? name : top, isTop })
      if (typeof member === 'object' && member !== null) open.push({ value: member, name, top: isTop ? name : top })
    }
  }
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
