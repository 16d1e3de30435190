import { words } from '@postern/gateways'
import { trimUnseen } from '../lib/unseen.js'
import { isId } from './has-id.js'
import type { Members } from '../police/callers-places.js'

/**
 * For each type of an input item, exactly as it is documented, the members that carry what the item says. An item with an `id`
 * and none of them is a reference to a stored item, which the provider looks up.
 */
const said: Readonly<Record<string, string>> = {
  message: 'content',
  file_search_call: 'queries results',
  computer_call: 'action actions pending_safety_checks',
  computer_call_output: 'output',
  web_search_call: 'action',
  function_call: 'name arguments',
  function_call_output: 'output',
  custom_tool_call: 'name input',
  custom_tool_call_output: 'output',
  tool_search_call: 'arguments',
  tool_search_output: 'tools',
  additional_tools: 'tools',
  configuration_update: 'reasoning text',
  reasoning: 'summary content encrypted_content',
  compaction: 'encrypted_content',
  image_generation_call: 'result',
  code_interpreter_call: 'code outputs',
  local_shell_call: 'action',
  local_shell_call_output: 'output',
  shell_call: 'action',
  shell_call_output: 'output',
  apply_patch_call: 'operation',
  apply_patch_call_output: 'output',
  mcp_list_tools: 'tools error',
  mcp_approval_request: 'name arguments',
  mcp_approval_response: 'approve',
  mcp_call: 'name arguments output error',
  program: 'code',
  program_output: 'result',
}

const membersOf: ReadonlyMap<unknown, readonly string[]> = new Map(Object.entries(said).map(([type, names]) => [type, words(names)]))

/** A message may leave out its type; it has a role. */
const typeOf = (item: Members): unknown => (!Object.hasOwn(item, 'type') && typeof item['role'] === 'string' ? 'message' : item['type'])

/**
 * Whether an input item has an `id` and nothing that its type says: the provider then looks it up. An item of a type that is
 * not documented is taken for one. Looks at few members and entries, however many the item has.
 */
export function isReference(item: unknown): boolean {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return false
  const members = item as Members
  if (!isId(members['id'])) return false
  const type = typeOf(members)
  return membersOf.get(type)?.some((name) => !isEmpty(members[name], type, mostLevels)) !== true
}

/** How many levels and how many members of each are looked at for something that is said. */
const mostLevels = 4
const mostMembers = 8

/** Types whose parts say nothing by their own `type`. The `type` of an action or an operation says what is done. */
const hasParts: ReadonlySet<unknown> = new Set(['message', 'reasoning'])

/** Whether a value says nothing: what is not seen, `null`, and lists and objects of nothing but such. @param of The type of the item. */
function isEmpty(value: unknown, of: unknown, levels: number): boolean {
  if (value === null || value === undefined) return true
  if (typeof value === 'string') return trimUnseen(value) === ''
  if (typeof value !== 'object') return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.slice(0, mostMembers).every((each) => isEmpty(each, of, levels - 1))
  const members = value as Members
  // The model may have answered with an empty text, which travels back whole.
  if (of === 'message' && members['type'] === 'output_text' && typeof members['text'] === 'string') return false
  let looked = 0
  for (const name in members) {
    if ((name !== 'type' || !hasParts.has(of)) && !isEmpty(members[name], of, levels - 1)) return false
    looked += 1
    if (looked === mostMembers) return true
  }
  return true
}
