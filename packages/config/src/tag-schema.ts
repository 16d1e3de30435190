import { type AgentName, agentNames } from '@postern/protocol'
import { z } from 'zod'
import type { Settings } from './schema-parts.js'

/** Where tags come from besides `X-Workflow-ID` and `X-Step-ID`. */
export function createTagsSchema(strict: Settings) {
  return strict({
    /** Coding agents whose own session and agent headers are taken as tags. */
    agents: z
      .array(z.enum(agentNames as [AgentName, ...AgentName[]]))
      .default([])
      .describe('[coding agents](coding-agents.md#their-sessions-as-workflows) whose session and agent headers are taken as tags'),
  })
}
