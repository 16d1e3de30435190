import { usageOf, type Completion } from '../chat-completion.js'
import type { JsonRecord } from '../json-value.js'

export const JOYTOKEN_TIERS = ['economy', 'standard', 'premium'] as const
export type JoyTokenTier = (typeof JOYTOKEN_TIERS)[number]

const MODELS: Record<JoyTokenTier, string> = {
  economy: 'deepseek/deepseek-chat',
  standard: 'openai/gpt-4o-mini',
  premium: 'anthropic/claude-sonnet-4-5',
}
const CREDITS_PER_TOKEN: Record<JoyTokenTier, number> = { economy: 0.0005, standard: 0.0025, premium: 0.0125 }

/** JoyToken docs, "Routing": `auto`, or no model at all, is routed by tier; anything else is pinned. */
export function routedModel(model: string | undefined, tier: JoyTokenTier): string {
  return model === undefined || model === '' || model === 'auto' ? MODELS[tier] : model
}

/** JoyToken docs, "Usage and billing", and the payloads in the tests of `joytoken-sdk-go`. */
export function joyTokenMetadata(completion: Completion, tier: JoyTokenTier, requestId: string): JsonRecord {
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: tokens } = usageOf(completion)
  return {
    request_id: requestId,
    model: completion.model,
    tier,
    tag: ['chat'],
    score: 0.87,
    billing_id: `bill-${requestId}`,
    latency: { routing_ms: 3 },
    billing: {
      credits_used: (tokens * CREDITS_PER_TOKEN[tier]).toFixed(4),
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      cached_input_tokens: 0,
      cached_output_tokens: 0,
    },
  }
}

/**
 * The plan of a call that the gateway breaks into steps. It keeps the task ids `__planner__` and `__final__` for
 * itself.
 */
export const JOYTOKEN_PLAN = [
  { seq: 1, task_id: 'research', title: 'Find what is known' },
  { seq: 2, task_id: '__final__', title: 'Write the answer' },
] as const
