import { words } from '@postern/gateways'
import type { Members } from './callers-places.js'

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
 * not documented is taken for one. Looks at few members, however many the item has.
 */
export function isReference(item: unknown): boolean {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return false
  const members = item as Members
  if (typeof members['id'] !== 'string') return false
  return membersOf.get(typeOf(members))?.some((name) => Object.hasOwn(members, name) && !isEmpty(members[name])) !== true
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object') return false
  for (const _ in value) return false
  return true
}
