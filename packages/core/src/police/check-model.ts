import { Refusal } from '../refusal.js'
import type { Policy } from './policies.js'

/** @throws {Refusal} `model_not_allowed`, also where a policy allows only some models and the request names none. */
export function checkModel({ models }: Policy, model: string | undefined): void {
  for (const list of models) {
    if (list.allows(model ?? '')) continue
    const message = model === undefined ? 'The request names no model, and the policy allows only some.' : undefined
    throw new Refusal('model_not_allowed', { param: 'model', ...(message === undefined ? {} : { message }) })
  }
}

/** A form may name the model in a field; a binary body names none that could be read. */
export function checkFormModel(policy: Policy, fields: ReadonlyMap<string, string> | undefined): void {
  if (fields !== undefined) return checkModel(policy, fields.get('model'))
  if (policy.models.every((list) => list.allows(''))) return
  throw new Refusal('model_not_allowed', {
    message: 'The policy allows only some models, and only JSON bodies and forms say which one they ask for.',
  })
}
