import { squashName } from '@postern/gateways'
import { rememberNames } from '../lib/remember-names.js'
import { definesTools } from './tool-places.js'
import type { VisitedMember } from './visit-members.js'

/** Members that have the provider do more than answer, wherever they stand as settings: search, call servers, predict, speak. */
const setsToWork =
  /websearch|searchparameters|searchoptions|enablesearch|searchenabled|^search(?:mode)?$|mcpservers?|^plugins$|^prediction$|^audio$|speechconfig|^container$|^(?:sub)?agents$|multiagent|^transforms$|^rag$|grounding|retrieval/
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

/**
 * Tools that the caller runs itself, objects around tools that are looked at themselves, and what only refers to a tool that is defined
 * elsewhere; the provider runs every other one.
 */
const runByCaller =
  /^(?:function|custom|namespace|tool_definition|tool_reference|local_shell|apply_patch|computer|computer_use_preview|(?:bash|text_editor|memory|computer)_\d{8})$/
/** The members with which a tool says that it is the caller's. */
const ofTool =
  /^(?:type|name|description|function|parameters|input_schema|strict|cache_control|custom|format|defer_loading|eager_input_streaming|allowed_callers|input_examples|display_width(?:_px)?|display_height(?:_px)?|display_number|environment|max_characters|tools|definition|annotations)$/
const declares = /^function_?declarations$/i

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
    return name === 'type' ? !(typeof value === 'string' && runByCaller.test(value)) : !ofTool.test(name)
  }
  if (inContent || (!isTop && !inSettings)) return false
  if (modalities.test(name)) return !(Array.isArray(value) && value.every((each) => typeof each === 'string' && /^text$/i.test(each)))
  if (isChoiceOfPrice(name)) return !(typeof value === 'string' && usualPrices.has(value.toLowerCase()))
  return isWork(name) || squashName(name) === 'background'
}
