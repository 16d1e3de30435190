import { rememberNames } from '../lib/remember-names.js'
import { squashName, words } from '@postern/gateways'
import type { Members } from './callers-places.js'
import type { EachItem, VisitedMember } from './visit-members.js'

/** Tools of gateways, exactly as they are documented, that run no model. */
const toolsWithoutModel: ReadonlySet<string> = new Set([
  ...words('web_search web_fetch datetime tool_search experimental__search_models apply_patch shell bash').map(
    (tool) => `openrouter:${tool}`,
  ),
  ...words('google:google_search google:url_context google:google_maps google:code_execution'),
  ...words('orq:web_search orq:datetime orq:current_date orq:google_search orq:web_scraper'),
])

/** Plugins of gateways, exactly as they are documented, that run no model, or only choose the one that answers. */
const pluginsWithoutModel: ReadonlySet<unknown> = new Set(
  words('web web-fetch file-parser response-healing context-compression moderation auto-router pareto-router'),
)

/** OpenAI's and Anthropic's tools that run a model of their own, and what others call such a tool. */
const typesWithModel = /^(?:imagegeneration|fusion|advisor|subagent|sidekick)\d*$/
/** A gateway's own tools are called `vendor:name`; of known gateways they are known in any spelling. */
const ofGateway = /[:\ufe13\ufe55\uff1a]/
const ofKnownGateway = /^(?:openrouter|orq)(?!$)/

const mayRunModel = rememberNames((type) => {
  if (toolsWithoutModel.has(type)) return false
  if (ofGateway.test(type)) return true
  if (type.length > maxTypeChars) return false
  const plain = squashName(type)
  return ofKnownGateway.test(plain) || typesWithModel.test(plain)
})

/** No type that we look for is longer, in characters. */
const maxTypeChars = 64

/** A name that could be spelled otherwise: what is neither a letter nor a digit may stand in it. */
const isSpelledOddly = /[^a-z\d]/i
const isType = (name: string): boolean =>
  name.length === 4 ? /^type$/i.test(name) : name.length > 4 && isSpelledOddly.test(name) && squashName(name) === 'type'
const mayBePlugins = /plugin|[^\0-\x7f]/i

/**
 * If the member is the `type` of a tool that runs a model of its own, or of a gateway's tool that is not in our list, returns that
 * type; else `undefined`. In `tool_choice`, a type only refers to a tool.
 */
export function toolWithModel({ name, value, top }: VisitedMember): string | undefined {
  if (typeof value !== 'string' || top === 'tool_choice' || !isType(name)) return undefined
  return mayRunModel(value) ? value : undefined
}

/** Hands over each plugin that the member adds and that is not known to run no model: an object, or its id alone. */
export function visitPlugins({ name, value }: VisitedMember, eachItem: EachItem, visit: (plugin: unknown) => void): void {
  if (value === null || value === undefined || value === false) return
  if (!mayBePlugins.test(name) || squashName(name) !== 'plugins') return
  const look = (plugin: unknown): void => {
    if (!pluginsWithoutModel.has(idOf(plugin))) visit(plugin)
  }
  if (Array.isArray(value)) eachItem(look)
  else look(value)
}

/** The id of a plugin; `undefined` if it has none. */
export function idOf(plugin: unknown): unknown {
  return isObject(plugin) ? plugin['id'] : plugin
}

/** Whether a tool of this type names every model that it runs where it reads them: OpenAI's and Anthropic's beside the type. */
export function toolNamesModels(type: string, owner: Members): boolean {
  const { parameters } = owner
  if (type === 'openrouter:fusion') return namesPanel(parameters)
  if (withOneModel.has(type)) return isObject(parameters) && isName(parameters['model'])
  const plain = squashName(type)
  return !ofGateway.test(type) && !ofKnownGateway.test(plain) && !plain.startsWith('fusion') && isName(owner['model'])
}

/** Tools of OpenRouter that run the one model that their `parameters` name. */
const withOneModel: ReadonlySet<string> = new Set(words('openrouter:image_generation openrouter:advisor openrouter:subagent'))

/**
 * Whether a plugin names every model that it runs. A plugin without an id is of no known gateway: then its members are checked
 * like any other members.
 */
export function pluginNamesModels(plugin: unknown): boolean {
  const id = idOf(plugin)
  return id === undefined || (id === 'fusion' && namesPanel(plugin))
}

/** Whether an object names the models that are asked, and the one that sums up what they said. */
function namesPanel(settings: unknown): boolean {
  if (!isObject(settings)) return false
  const { model, analysis_models: asked } = settings
  return isName(model) && Array.isArray(asked) && asked.length > 0
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
