/** The headers in which a coding agent names its runs; of several that a request has, the first one counts. */
export interface AgentHeaders {
  /** Of the session: taken as the workflow. */
  readonly workflow: readonly string[]
  /** Of the agent, or thread, within the session: taken as the step. */
  readonly step: readonly string[]
  /** Of the one that began that agent: taken as the parent step. */
  readonly parentStep: readonly string[]
}

/** Coding agents by their names in `tags.agents`. Header names are lower-case. */
export const agentHeaders = {
  'claude-code': { workflow: ['x-claude-code-session-id'], step: ['x-claude-code-agent-id'], parentStep: [] },
  codex: { workflow: ['session-id', 'session_id'], step: ['thread-id'], parentStep: ['x-codex-parent-thread-id'] },
  opencode: { workflow: ['x-session-affinity', 'x-opencode-session'], step: [], parentStep: [] },
} as const satisfies Readonly<Record<string, AgentHeaders>>

export type AgentName = keyof typeof agentHeaders

export const agentNames = Object.keys(agentHeaders) as readonly AgentName[]
