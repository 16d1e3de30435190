import { isMergedName } from '../lib/merged-names.js'
import { squashName } from '../lib/strip-punctuation.js'
import { Refusal } from '../refusal.js'
import { refuseModel } from './check-model.js'
import { runsUnnamedModel } from './runs-unnamed-model.js'
import type { Visit, VisitedMember } from './visit-members.js'

/** Says whether policy allows a model. */
export type AllowsModel = (model: string) => boolean

/** Most members of most requests name no model. */
const mayNameModel = /model|engine|deployment|fallback|preset|prompt|agent|lora|adapter|[^\0-\x7f]/i

/** Names of a model at any path: `model`, `model_id`, `judgeModel`, `models`, `fallbacks`. */
const namesModels = /(?:models?(?:ids?|names?|slugs?|keys?)?|fallbacks?)$/
/**
 * Any other name that speaks of a model, or of an adapter that is loaded onto one: `model_arn`, `modelOverride`, `model_group`, `lora_path`,
 * `adapter_id`. What it holds as a text, a gateway could take for one.
 */
const speaksOfModel = /model|adapter|^lora/
/** A mapping from a model to the one that runs in its place: `context_window_fallback_dict`. */
const mapsModels = /fallback/
/** How an object that speaks of a model calls it: `"model_config": { "name": … }`. */
const callsIt = /^(?:names?|ids?|slug|key|arn|uri|path|source|value|ref|version|default)$/
/** As it stands in the outermost object, or in what is merged into it, in APIs where that is the word for a model. */
const namesModelsAtTop = /^(?:engine|deployment)(?:id|name)?s?$/

/**
 * Makes a visit that checks every model named anywhere in a request: in a tool, an agent, a grader, a list of fallbacks.
 *
 * @param besides The outermost member that was checked already.
 * @throws {Refusal} From the visit: 403 `model_not_allowed`, also if a stored prompt, agent or preset would choose the model.
 */
export function namedModels(besides: string | undefined, allows: AllowsModel): Visit {
  return (member) => {
    const { name, value, within, isTop } = member
    if (value === null || value === undefined || (isTop && name === besides)) return
    if (runsUnnamedModel(member))
      throw refusal(name, 'The policy allows only some models, and this tool runs one that the request does not name.')
    const outer = within !== undefined && mayNameModel.test(within) ? squashName(within) : undefined
    if (outer !== undefined && isMapping(outer)) checkMapped(name, value, allows)
    const isCalled = outer !== undefined && speaksOfModel.test(outer)
    if (!isCalled && !mayNameModel.test(name)) return
    const plain = squashName(name)
    if (isCalled && callsIt.test(plain)) checkTexts(name, value, allows)
    if (namesModels.test(plain) || (namesModelsAtTop.test(plain) && (isTop || isMergedName(within as string))))
      checkValue(name, value, allows)
    else if (speaksOfModel.test(plain) || isMapping(plain)) checkTexts(name, value, allows)
    else if (hidesModel(plain, member))
      throw refusal(name, 'The policy allows only some models, and which one this member stands for cannot be read here.')
  }
}

/** Whether the members of an object of this name are models, whatever they are called; of a list to fall back on, {@link checkValue} has seen to it. */
function isMapping(plain: string): boolean {
  return mapsModels.test(plain) && !namesModels.test(plain)
}

/** What a model is mapped to is a model, or a list of them. */
function checkMapped(name: string, value: unknown, allows: AllowsModel): void {
  if (typeof value === 'boolean' || typeof value === 'number') return
  checkValue(name, value, allows)
}

/** Checks texts only: numbers and booleans name no model. */
function checkTexts(name: string, value: unknown, allows: AllowsModel): void {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const text of texts) if (typeof text === 'string' && !allows(text)) throw refuseModel(text, name)
}

/** Whether the member refers to an object stored at the provider, which names the model. */
function hidesModel(plain: string, { value, isTop }: VisitedMember): boolean {
  if (plain === 'preset' || plain === 'agentid' || plain === 'promptid') return true
  return isTop && plain === 'prompt' && typeof value === 'object' && !Array.isArray(value)
}

function checkValue(name: string, value: unknown, allows: AllowsModel): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) checkValue(name, item, allows)
  } else if (typeof value === 'string') {
    if (!allows(value)) throw refuseModel(value, name)
  } else if (typeof value !== 'object' || value === null || !namesOne(value)) {
    throw refusal(name, 'The policy allows only some models, and which one this member names cannot be read.')
  }
}

/** Whether a member of this object names a model; the walk checks that member later. */
function namesOne(entry: object): boolean {
  return Object.keys(entry).some((name) => namesModels.test(squashName(name)))
}

function refusal(param: string, message: string): Refusal {
  return new Refusal('model_not_allowed', { param, message })
}
