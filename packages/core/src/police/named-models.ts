import { brief } from '../lib/brief.js'
import { isMergedName } from '../lib/merged-names.js'
import { squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import { hasIdOrName } from '../objects/has-id.js'
import { saysOfContent } from '../objects/says-of-content.js'
import { refuseModel } from './check-model.js'
import { isEntry, isEntryOrMap, isOfEntry } from './entries-of-models.js'
import { idOf, pluginNamesModels, toolNamesModels, toolWithModel, visitPlugins } from './runs-unnamed-model.js'
import type { Visit, VisitedMember } from './visit-members.js'

/** Says whether policy allows a model. */
export type AllowsModel = (model: string) => boolean

/** Most members of most requests name no model. */
const mayNameModel = /model|engine|deployment|fallback|preset|prompt|agent|assistant|app|bot|workflow|lora|adapter|[^\0-\x7f]/i

/** Names of a model at any path: `model`, `model_id`, `judgeModel`, `models`, `fallbacks`. */
const namesModels = /(?:models?(?:ids?|names?|slugs?|keys?)?|fallbacks?)$/
/**
 * Any other name that speaks of a model, or of an adapter that is loaded onto one: `model_arn`, `modelOverride`, `model_group`, `lora_path`,
 * `adapter_id`. What it holds as a text, a gateway could take for one.
 */
const speaksOfModel = /model|adapter|^lora/
/** A mapping from a model to the one that runs in its place: `context_window_fallback_dict`, `model_group_alias`. */
const mapsModels = /fallback|model.*(?:alias|map|redirect|rewrite)|(?:alias|map).*model/
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
  return (member, eachItem) => {
    const { name, value, isTop } = member
    if (value === null && takesModelBack(member))
      throw refusal(name, 'The policy allows only some models, and without one in this member the gateway would choose.')
    if (value === null || value === undefined || (isTop && name === besides)) return
    const tool = toolWithModel(member)
    if (tool !== undefined && !toolNamesModels(tool, member.owner)) throw runsUnnamed(name, tool)
    visitPlugins(member, eachItem, (plugin) => {
      if (!pluginNamesModels(plugin)) throw runsUnnamed(name, idOf(plugin))
    })
    const reading = readingOf(member, allows)
    if (reading === 'hidden')
      throw refusal(name, 'The policy allows only some models, and which one this member stands for cannot be read here.')
    if (reading === 'other') return
    if (Array.isArray(value)) return eachItem((item) => checkValue(name, item, reading, allows))
    // What is mapped may also be a setting; in a list it may not.
    if (reading === 'model' && isMapped(member) && (typeof value === 'boolean' || typeof value === 'number')) return
    checkValue(name, value, reading, allows)
  }
}

/** The one model of a request, in any spelling. */
const namesTheModel = /^(?:model|engine|deployment)(?:id|name|slug|key)?$/

/** Whether a member without a value stands where a gateway writes it over the model that the request names. */
function takesModelBack({ name, inSettings, inContent }: VisitedMember): boolean {
  return inSettings && !inContent && mayNameModel.test(name) && namesTheModel.test(squashName(name))
}

/**
 * What a member's value is: a `model`, or an entry that names one in full; `models`, among which an object may also map one to
 * others; any value whose texts are held to the policy (`texts`); a stored object that names a model (`hidden`); or none of these.
 */
type Reading = 'model' | 'models' | 'texts' | 'hidden' | 'other'

function readingOf(member: VisitedMember, allows: AllowsModel): Reading {
  const { name, within, isTop } = member
  const outer = plainIfNamed(within)
  // In an entry of a list of models, a member is a documented one, or a model itself that is mapped to others.
  if (outer !== undefined && namesModels.test(outer) && !isOfEntry(name)) {
    if (!allows(name)) throw refuseModel(name, name)
    return 'model'
  }
  if (isMapped(member)) return 'model'
  const isCalled = outer !== undefined && speaksOfModel.test(outer)
  if (!isCalled && !mayNameModel.test(name)) return 'other'
  const plain = squashName(name)
  if (namesModels.test(plain)) return 'models'
  if (namesModelsAtTop.test(plain) && (isTop || isMergedName(within as string))) return 'model'
  if ((isCalled && callsIt.test(plain)) || speaksOfModel.test(plain) || mapsModels.test(plain)) return 'texts'
  return hidesModel(plain, member) ? 'hidden' : 'other'
}

/** Whether the member's object maps models to others. Of an entry in a list of models, only what is no documented member does. */
function isMapped({ name, within }: VisitedMember): boolean {
  const outer = plainIfNamed(within)
  if (outer === undefined) return false
  return namesModels.test(outer) ? !isOfEntry(name) : mapsModels.test(outer)
}

function plainIfNamed(name: string | undefined): string | undefined {
  return name !== undefined && mayNameModel.test(name) ? squashName(name) : undefined
}

/** Members that name an object which has a model of its own: `agent_id`, `assistantName`, `prompt_id`. */
const namesOneWithModel = /^(?:(?:agent|assistant|prompt)(?:ids?|names?|refs?|references?|arns?|ur[il]s?)|(?:app|bot|workflow)ids?)$/
/** The same where the value is a text, a list, or an object that says which one. */
const isOneWithModel = /^(?:agents?|assistants?)$/

/** Whether the member refers to an object stored at the provider, which names the model. */
function hidesModel(plain: string, member: VisitedMember): boolean {
  const { value, isTop } = member
  if (plain === 'preset') return true
  if (saysOfContent(plain, member)) return false
  if (namesOneWithModel.test(plain)) return true
  if (isOneWithModel.test(plain))
    return Array.isArray(value) ? value.length > 0 : (typeof value === 'string' && value !== '') || hasIdOrName(value)
  return isTop && plain === 'prompt' && typeof value === 'object' && !Array.isArray(value)
}

/** Checks a value, or an item of a list; the walk visits the members of an entry later. */
function checkValue(name: string, value: unknown, reading: 'model' | 'models' | 'texts', allows: AllowsModel): void {
  if (typeof value === 'string') {
    if (!allows(value)) throw refuseModel(value, name)
  } else if (
    reading !== 'texts' &&
    !(typeof value === 'object' && value !== null && (reading === 'models' ? isEntryOrMap : isEntry)(value))
  ) {
    throw refusal(name, 'The policy allows only some models, and which one this member names cannot be read.')
  }
}

/** @param tool The tool or plugin, as the request calls it. */
function runsUnnamed(param: string, tool: unknown): Refusal {
  const called = typeof tool === 'string' ? `the tool ${JSON.stringify(brief(tool))}` : 'a tool'
  return refusal(param, `The policy allows only some models, and ${called} may run one that the request does not name where it reads it.`)
}

function refusal(param: string, message: string): Refusal {
  return new Refusal('model_not_allowed', { param, message })
}
