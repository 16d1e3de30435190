const CHAT = ['chat']
const VISION = ['chat', 'vision']

const MODELS = [
  { model_key: 'deepseek/deepseek-chat', name: 'DeepSeek Chat', provider: 'deepseek', tier: 'economy', feature_tags: CHAT },
  { model_key: 'openai/gpt-4o-mini', name: 'GPT-4o mini', provider: 'openai', tier: 'standard', feature_tags: VISION },
  { model_key: 'anthropic/claude-sonnet-4-5', name: 'Claude Sonnet 4.5', provider: 'anthropic', tier: 'premium', feature_tags: VISION },
]

/** JoyToken docs, "Models": the public catalogue, filtered by `tier`, `provider` and `feature_tag`. It has its own envelope. */
export function joyTokenCatalogue(query: URLSearchParams): unknown {
  const wanted = (name: string, values: readonly string[]) => {
    const asked = query.get(name)
    return asked === null || values.includes(asked)
  }
  const models = MODELS.filter(
    ({ tier, provider, feature_tags: tags }) => wanted('tier', [tier]) && wanted('provider', [provider]) && wanted('feature_tag', tags),
  )
  return { code: 0, message: 'success', data: { models } }
}

/**
 * Further facts about the models, and their prices, which the SDKs request with a key. The envelope is the
 * catalogue's.
 */
export function joyTokenAbout(path: string): unknown {
  const about = path.endsWith('/pricing')
    ? { pricing: MODELS.map(({ model_key: modelKey }) => ({ modelKey, input: '0.0010', output: '0.0040' })) }
    : { models: MODELS.map(({ model_key: modelKey, name }) => ({ modelKey, name, contextWindow: 128_000 })) }
  return { code: 0, message: 'success', data: about }
}
