import { brief } from '../lib/brief.js'
import { Refusal } from '@postern/ports'
import type { Policy } from './policies.js'

const noModel = {
  message: 'The request names no model, and the policy allows only some.',
  help: 'Say in "model" which one it is for.',
  param: 'model',
} as const

/** @param param The member or query parameter that names the model. */
export function refuseModel(model: string, param: string): Refusal {
  return new Refusal('model_not_allowed', { message: `The policy does not allow the model ${JSON.stringify(brief(model))}.`, param })
}

/** @throws {Refusal} 403 `model_not_allowed`, also if the policy allows only some models and the request names none. */
export function checkModel({ models }: Policy, model: string | undefined): void {
  for (const list of models) {
    if (list.allows(model ?? '')) continue
    throw model === undefined ? new Refusal('model_not_allowed', noModel) : refuseModel(model, 'model')
  }
}

/** Checks the field `model` of a form. A binary body (`fields` is `undefined`) passes only if every model is allowed. */
export function checkFormModel(policy: Policy, fields: ReadonlyMap<string, string> | undefined): void {
  if (fields !== undefined) return checkModel(policy, fields.get('model'))
  if (policy.models.every((list) => list.allows(''))) return
  throw new Refusal('model_not_allowed', {
    message: 'The policy allows only some models, and only JSON bodies and forms say which one they ask for.',
  })
}
