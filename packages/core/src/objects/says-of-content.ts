import type { VisitedMember } from '../police/visit-members.js'

/**
 * Whether a member says something of the content and so refers to no stored object: any member of a document, which are the caller's
 * own, or the agent that wrote an item of an earlier answer, which travels back as `"agent": { "agent_name": … }`.
 */
export function saysOfContent(plain: string, { top, within, inContent }: VisitedMember): boolean {
  return inContent && (top === 'documents' || (plain === 'agentname' && within === 'agent'))
}
