import { describe, expect, test } from 'vitest'
import { amountNamed } from '../../packages/core/dist/police/amount-names.js'
import { forAnOpenGateway } from '../support/open-gateway.js'

const chat = { model: 'small', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 50 }

const lengths = [
  ['tokens_to_generate', 'tokensToGenerate', 'tokens_to_sample', 'num_tokens_to_generate', 'tokens_to_be_generated', 'tokens-to-predict'],
  [
    'token_budget',
    'tokenBudget',
    'tokens_budget',
    'output_budget',
    'completion_budget',
    'response_budget',
    'token_quota',
    'token_allowance',
  ],
  ['generation_tokens', 'generated_tokens', 'generate_tokens', 'decode_tokens', 'decoded_tokens', 'predict_tokens', 'predicted_tokens'],
  ['target_tokens', 'target_length', 'target_len', 'answer_tokens', 'reply_tokens', 'written_tokens', 'sampled_tokens', 'num_new_tokens'],
  ['number_of_tokens', 'num_of_tokens', 'n_generated_tokens', 'number_of_output_tokens', 'max_predict', 'max_response', 'max_reply'],
  ['max_answer', 'max_completion', 'max_generation', 'reply_length', 'reply_limit', 'max_tok', 'maxLen', 'num_predict', 'max_new_tokens'],
].flat()
const answers = [
  ['best_of_n', 'bestOfN', 'best_of_k', 'best_of_num', 'best_of', 'n', 'n_samples', 'num_choices', 'number_of_answers'],
  ['num_variations', 'variation_count', 'n_variants', 'max_replies', 'num_rollouts', 'numberOfReplies', 'candidate_count'],
].flat()
const parts = ['thinking_token_budget', 'reasoning_token_budget', 'budget_tokens', 'thinking_budget', 'min_tokens']
/** What public formats and well-known servers document beside. */
const ordinary = [
  ['temperature', 'top_p', 'top_k', 'min_p', 'seed', 'stop', 'stop_token_ids', 'logit_bias', 'logprobs', 'top_logprobs', 'prompt_logprobs'],
  ['frequency_penalty', 'presence_penalty', 'repetition_penalty', 'repeat_penalty', 'length_penalty', 'service_tier', 'user', 'verbosity'],
  [
    'parallel_tool_calls',
    'tool_choice',
    'response_format',
    'reasoning_effort',
    'prompt_cache_key',
    'truncation',
    'modalities',
    'prediction',
  ],
  ['skip_special_tokens', 'spaces_between_special_tokens', 'include_stop_token', 'truncate_prompt_tokens', 'bad_words', 'ignore_eos'],
  ['num_ctx', 'num_keep', 'num_thread', 'num_gpu', 'num_batch', 'mirostat', 'typical_p', 'early_stopping', 'use_beam_search'],
  ['max_tool_calls', 'max_turns', 'max_retries', 'token_ids', 'tokenizer', 'tokens', 'token', 'safety_identifier', 'store', 'metadata'],
  ['generation_config', 'response_mime_type', 'generate_cfg', 'generation', 'completion', 'targets', 'target', 'budget', 'answer'],
].flat()

describe('ceilings-in-other-words: a number of tokens or answers is known by any common wording', () => {
  test.each(lengths)('%s asks for a length', (name) => expect(amountNamed(name)).toBe('length'))
  test.each(answers)('%s asks for answers', (name) => expect(amountNamed(name)).toBe('answers'))
  test.each(parts)('%s asks for a part', (name) => expect(amountNamed(name)).toBe('part'))
  test.each(ordinary)('%s asks for neither', (name) => expect(amountNamed(name)).toBe('none'))
})

forAnOpenGateway({ config: { policies: { maxTokens: 100 } } }, (open) => {
  test.each([...lengths, ...answers])(
    'ceilings-in-other-words: under a ceiling %s is refused beside the member that is read',
    async (name) => {
      for (const members of [{ [name]: 5000 }, { extra_body: { [name]: 5000 } }])
        expect((await open().ask('POST', 'chat/completions', { ...chat, ...members })).slice(0, 3)).toEqual([400, 'request_malformed', 0])
    },
  )

  test('ceilings-in-other-words: under a ceiling ordinary settings pass, all together', async () => {
    // These have an effect of their own, which other tests hold.
    const without = new Set([
      'store',
      'metadata',
      'user',
      'token',
      'modalities',
      'prediction',
      'tool_choice',
      'response_format',
      'use_beam_search',
    ])
    const members = Object.fromEntries(ordinary.filter((name) => !without.has(name)).map((name) => [name, 5000]))
    expect(await open().ask('POST', 'chat/completions', { ...chat, ...members })).toEqual([200, undefined, 1])
  })
})
