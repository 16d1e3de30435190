import type { IncomingHttpHeaders } from 'node:http'
import { agentHeaders, type AgentHeaders, type AgentName, headerNames, tagPattern } from '@postern/protocol'

/** Writes the tags of a coding agent into the headers of a request that has no workflow of its own. */
export type AdoptTags = (headers: IncomingHttpHeaders) => void

const own = {
  workflow: headerNames.workflow.toLowerCase(),
  step: headerNames.step.toLowerCase(),
  parentStep: headerNames.parentStep.toLowerCase(),
} as const
const tags = ['workflow', 'step', 'parentStep'] as const

/**
 * Takes the ids of sessions and agents that coding agents send for tags, as if they stood in `X-Workflow-ID` and its like: no credential
 * vouches for them. A tag of the caller's own wins. An id of another form than a tag is left out and not refused, since its sender does not
 * know Postern.
 *
 * @param agents Whose headers are read; of none, nothing is done.
 */
export function createAdoptTags(agents: readonly AgentName[]): AdoptTags | undefined {
  if (agents.length === 0) return undefined
  const known: readonly AgentHeaders[] = agents.map((agent) => agentHeaders[agent])
  return (headers) => {
    if (headers[own.workflow] !== undefined) return
    const agent = known.find(({ workflow }) => firstTag(headers, workflow) !== undefined)
    if (agent === undefined) return
    for (const tag of tags) {
      const id = firstTag(headers, agent[tag])
      if (id !== undefined) headers[own[tag]] ??= id
    }
  }
}

function firstTag(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  return names.map((name) => headers[name]).find((value): value is string => typeof value === 'string' && tagPattern.test(value))
}
