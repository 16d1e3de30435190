import { squashName } from '@postern/gateways'
import { rememberNames } from '../lib/remember-names.js'
import { definesTools } from './tool-places.js'
import type { VisitedMember } from './visit-members.js'

/**
 * Members that have the provider do more than answer, wherever they stand as settings: search, call servers, predict, speak, or write the
 * input anew, as a template does whose loops make any length of it.
 */
const setsToWork =
  /websearch|searchparameters|searchoptions|enablesearch|searchenabled|^search(?:mode)?$|mcpservers?|^plugins$|^prediction$|^audio$|speechconfig|^container$|^(?:sub)?agents$|multiagent|^transforms$|^chattemplate$|^rag$|grounding|retrieval|codeinterpreter|codeexecution|(?:builtin|server|hosted)tools?/
const isWork = rememberNames((name) => setsToWork.test(squashName(name)))
const modalities = /^(?:(?:output|response)_?)?modalities$/i
/**
 * Members that choose at which price a model answers: a tier, a speed, a latency, or where it runs (Anthropic, `inference_geo`; Amazon
 * Bedrock, `performanceConfig`; regions and residency at others).
 */
const choosesPrice =
  /^(?:service|performance|pricing|price|billing|processing|quality)?tier$|^speed$|^(?:inference|processing|data)?(?:geo|geography|region|residency|location)$|^performanceconfig(?:uration)?$|^latency(?:mode|tier|optimized)?$|^servicelevel$|^scaletier$|^billingpolicy$/
const isChoiceOfPrice = rememberNames((name) => choosesPrice.test(squashName(name)))
/** Of these, the values at which nothing costs more than usual. */
const usualPrices: ReadonlySet<unknown> = new Set([
  'auto',
  'default',
  'standard',
  'standard_only',
  'flex',
  'batch',
  'global',
  'economy',
  '',
])

/** Tools that the caller runs itself and describes itself, objects around tools that are looked at themselves, and what only refers to a tool. */
const describedByCaller = /^(?:function|custom|namespace|tool_definition|tool_reference)$/
/**
 * Tools that the caller runs itself and whose description its provider adds to the input, unseen: those of OpenAI and of Anthropic, whose
 * types end in a date. The provider runs every tool of another type.
 */
const describedByProvider = /^(?:local_shell|apply_patch|computer|computer_use_preview|(?:bash|text_editor|memory|computer)_\d{8})$/
/** The members with which a tool says that it is the caller's. */
const ofTool =
  /^(?:type|name|description|function|parameters|input_schema|strict|cache_control|custom|format|defer_loading|eager_input_streaming|allowed_callers|input_examples|display_width(?:_px)?|display_height(?:_px)?|display_number|environment|max_characters|tools|definition|annotations)$/
const declares = /^function_?declarations$/i

function isRunByCaller(type: string): boolean {
  return describedByCaller.test(type) || describedByProvider.test(type)
}

/** Whether a member is the type of a tool whose description the provider adds to the input. */
export function isDescribedByProvider({ name, value, within }: VisitedMember): boolean {
  return name === 'type' && within !== undefined && definesTools(within) && typeof value === 'string' && describedByProvider.test(value)
}

/**
 * Whether a setting makes the provider do work whose cost no member of the request limits, such as a web search, or asks for a tier
 * that costs more. Within the model's input only tools are settings: a format may define some there.
 *
 * @param isGoogle Whether the request is in the form of Google's API, whose tools say by the name of a member what they are.
 */
export function setsHostedWork({ name, value, within, isTop, inContent, inSettings }: VisitedMember, isGoogle: boolean): boolean {
  if (value === undefined || value === null || value === false) return false
  if (within !== undefined && definesTools(within)) {
    if (isGoogle) return !declares.test(name)
    return name === 'type' ? !(typeof value === 'string' && isRunByCaller(value)) : !ofTool.test(name)
  }
  if (inContent || (!isTop && !inSettings)) return false
  if (modalities.test(name)) return !(Array.isArray(value) && value.every((each) => typeof each === 'string' && /^text$/i.test(each)))
  if (isChoiceOfPrice(name)) return !(typeof value === 'string' && usualPrices.has(value.toLowerCase()))
  return isWork(name) || squashName(name) === 'background'
}
