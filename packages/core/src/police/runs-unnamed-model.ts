import type { VisitedMember } from './visit-members.js'

/** Types of tools that run a model of their own: OpenAI's, Anthropic's and OpenRouter's. */
const typesWithModel = /^(?:openrouter:)?(?:image_generation|fusion|advisor)(?:_\d+)?$/

/** Plugins of OpenRouter that do. */
const pluginsWithModel = new Set<unknown>(['fusion'])

/** Whether a member makes its object a tool or plugin that runs a model which the object does not name. A choice among tools defines none. */
export function runsUnnamedModel({ name, value, within, top, owner }: VisitedMember): boolean {
  if (top === 'tool_choice' || typeof owner['model'] === 'string') return false
  if (name === 'type') return typeof value === 'string' && typesWithModel.test(value)
  return name === 'id' && within === 'plugins' && pluginsWithModel.has(value)
}
