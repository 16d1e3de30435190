import { words } from '../lib/words.js'
import type { Members } from './visit-members.js'

/** An object of a request, by where it stands: which of its members are the caller's to fill, and what stands below it. */
export interface Place {
  /** By name: whether the member is the caller's own, given the object that it stands in. */
  readonly callers: ReadonlyMap<string, (owner: Members) => boolean>
  readonly below: ReadonlyMap<string, Place>
}

/** Where whole requests, or what has members of theirs, stand in others: sessions, batches, runs of an evaluation. */
const requests = words(
  'session response thread requests requests.params generateContentRequest data_source.sampling_params method.reinforcement',
)

/** Where tools are defined. */
const tools = words('tools tools.tools input.tools input.tools.tools items.tools messages.content.tool')

/** What a tool's definition leaves to whoever wrote the function. */
const ofTools = words(
  'function.parameters parameters input_schema input_examples headers',
  ...['functionDeclarations', 'function_declarations'].flatMap((list) =>
    words('parameters parametersJsonSchema parameters_json_schema response responseJsonSchema response_json_schema').map(
      (name) => `${list}.${name}`,
    ),
  ),
)

const schemasOfAnswers = words(
  'response_format.json_schema.schema response_format.schema text.format.schema output_format.schema output_config.format.schema',
  ...['generationConfig', 'generation_config'].flatMap((config) =>
    words('responseSchema response_schema responseJsonSchema response_json_schema').map((name) => `${config}.${name}`),
  ),
)

/** What a function was called with and returned, and what an earlier answer said of its sources: nothing is loaded by it. */
const ofConversations = words(
  'messages.content.input contents.parts.functionCall.args contents.parts.function_call.args',
  'contents.parts.functionResponse.response contents.parts.function_response.response',
  'input.content.annotations items.content.annotations messages.content.annotations additional_messages.content.annotations',
)

const metadata = words(
  'metadata messages.metadata additional_messages.metadata tracing.metadata tool_resources.file_search.vector_stores.metadata',
)

const paths = [
  ...tools.flatMap((tool) => ofTools.map((name) => `${tool}.${name}`)),
  'functions.parameters',
  'prompt.variables',
  ...schemasOfAnswers,
  ...ofConversations,
  ...metadata,
]

const always = (): boolean => true

/** Conditions on the object that a member stands in; without one the place alone decides. */
const conditions: Readonly<Record<string, (owner: Members) => boolean>> = {
  parameters: ({ type }) => type === undefined || type === 'function',
  headers: ({ type }) => type === 'mcp',
  // What a model called a function with (Anthropic: Messages); of any other type nobody knows what is in it.
  input: ({ type }) => type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use',
}

class CompiledPlace implements Place {
  readonly callers = new Map<string, (owner: Members) => boolean>()
  readonly below = new Map<string, CompiledPlace>()

  add([name, ...further]: readonly string[]): void {
    if (name === undefined) return
    if (further.length === 0) {
      this.callers.set(name, conditions[name] ?? always)
      return
    }
    let place = this.below.get(name)
    if (place === undefined) this.below.set(name, (place = new CompiledPlace()))
    place.add(further)
  }
}

/**
 * A request's body, with every place in it that the public formats leave to the caller to fill as the caller likes. Each
 * is given by its whole path: the same names mean settings wherever else a gateway may look, `extra_body` before all.
 */
export const wholeBody: Place = compile()

function compile(): Place {
  const body = new CompiledPlace()
  for (const prefix of ['', ...requests.map((request) => `${request}.`)]) for (const path of paths) body.add(`${prefix}${path}`.split('.'))
  return body
}
