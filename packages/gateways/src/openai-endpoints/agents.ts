import type { Endpoints } from '../endpoint.js'
import { changes, creates, deletes, free, lists, reads, takesFrom } from './stored.js'

/** The stored agent names its model; nothing limits how much it writes. */
const running = { model: 'stored' } as const

/** Endpoints of the OpenAI API for agents that run at the provider. */
export const agentEndpoints = {
  agents: [creates('agent', running), lists('agent')],
  'agents/{id}': [reads('agent'), changes('agent', running), deletes('agent')],
  'agents/automations': [creates('automation', running), lists('automation')],
  'agents/automations/{id}': [reads('automation'), changes('automation', running), deletes('automation')],
  'agents/automations/{id}/invocations': [changes('automation', running), reads('automation')],
  'agents/automations/{id}/invocations/{invocation}': reads('automation'),
  'agents/automations/{id}/pause': changes('automation', free),
  'agents/automations/{id}/resume': changes('automation', running),
  'agents/environments': [creates('environment'), lists('environment')],
  'agents/environments/templates': [creates('environment template'), lists('environment template')],
  'agents/environments/templates/{id}': [reads('environment template'), changes('environment template'), deletes('environment template')],
  'agents/environments/{id}': reads('environment'),
  'agents/environments/{id}/files': [changes('environment', { media: true }), reads('environment')],
  'agents/sessions': [creates('agent session', running), lists('agent session')],
  'agents/sessions/{id}': [reads('agent session'), changes('agent session', running), deletes('agent session')],
  'agents/sessions/{id}/artifacts': reads('agent session'),
  'agents/sessions/{id}/artifacts/{artifact}': [reads('agent session'), takesFrom('agent session')],
  'agents/sessions/{id}/artifacts/{artifact}/content': reads('agent session'),
  'agents/sessions/{id}/events': [changes('agent session', running), reads('agent session', { streams: true })],
  'agents/sessions/{id}/items': reads('agent session'),
  'agents/sessions/{id}/subagents': reads('agent session'),
  'agents/sessions/{id}/subagents/{subagent}': reads('agent session'),
  'agents/sessions/{id}/subagents/{subagent}/items': reads('agent session'),
  'agents/sessions/{id}/subagents/{subagent}/turns': reads('agent session'),
  'agents/sessions/{id}/subagents/{subagent}/turns/{turn}': reads('agent session'),
  'agents/sessions/{id}/subagents/{subagent}/turns/{turn}/items': reads('agent session'),
  'agents/sessions/{id}/traces': reads('agent session'),
  'agents/sessions/{id}/turns': reads('agent session'),
  'agents/sessions/{id}/turns/{turn}': reads('agent session'),
  'agents/sessions/{id}/turns/{turn}/items': reads('agent session'),
} as const satisfies Endpoints
