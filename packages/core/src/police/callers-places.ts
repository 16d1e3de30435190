import { words } from '@postern/gateways'

/** The members of an object of a body. */
export type Members = Readonly<Record<string, unknown>>

/** An object at one path of a request's body: which of its members the caller fills freely, and the places below it. */
export interface Place {
  /** By member name: tests the containing object for whether the caller fills this member freely. */
  readonly callers: ReadonlyMap<string, (owner: Members) => boolean>
  /** Whether its `metadata` holds the tags of a request. A gateway may read in them whose it is. */
  readonly hasTags: boolean
  readonly below: ReadonlyMap<string, Place>
}

/** Paths at which a body holds another request or parts of one: sessions, batches, runs of an evaluation. */
const requests = words(
  'session response thread requests requests.params generateContentRequest data_source.sampling_params method.reinforcement',
)

/** Paths of tool definitions. */
const tools = words(
  'tools tools.tools input.tools input.tools.tools items.tools messages.content.tool messages.content.tool.definition messages.content.tools',
)

/** Paths in a tool definition that its author fills freely. */
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

/** Arguments and results of function calls, and sources cited by an earlier answer: no provider loads anything through them. */
const ofConversations = words(
  'messages.content.input contents.parts.functionCall.args contents.parts.function_call.args',
  'contents.parts.functionResponse.response contents.parts.function_response.response',
  'input.content.annotations items.content.annotations messages.content.annotations additional_messages.content.annotations',
)

/** The tags of a request, in its place. */
export const tags = 'metadata'

/** The tags of what is within a request. */
const tagsWithin = words(
  'messages.metadata additional_messages.metadata tracing.metadata tool_resources.file_search.vector_stores.metadata',
)

const paths = [
  ...tools.flatMap((tool) => ofTools.map((name) => `${tool}.${name}`)),
  'functions.parameters',
  'prompt.variables',
  ...schemasOfAnswers,
  ...ofConversations,
  ...tagsWithin,
]

const always = (): boolean => true

/** Conditions on the containing object, by member name. Without a condition the path alone decides. */
const conditions: Readonly<Record<string, (owner: Members) => boolean>> = {
  parameters: ({ type }) => type === undefined || type === 'function',
  headers: ({ type }) => type === 'mcp',
  // Arguments of a tool call (Anthropic Messages). In other types of blocks, `input` could hold anything.
  input: ({ type }) => type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use',
}

class CompiledPlace implements Place {
  readonly callers = new Map<string, (owner: Members) => boolean>()
  readonly below = new Map<string, CompiledPlace>()
  hasTags = false

  add(path: readonly string[]): void {
    const name = path.at(-1) as string
    this.at(path.slice(0, -1)).callers.set(name, conditions[name] ?? always)
  }

  at([name, ...further]: readonly string[]): CompiledPlace {
    if (name === undefined) return this
    let place = this.below.get(name)
    if (place === undefined) this.below.set(name, (place = new CompiledPlace()))
    return place.at(further)
  }
}

/**
 * A request's body, with every path that the public formats let the caller fill freely. Paths are complete, because at any
 * other path, above all in `extra_body`, a gateway may read the same names as settings.
 */
export const wholeBody: Place = compileWholeBody()

/** A place of which the caller fills no member freely. */
export const nothingFree: Place = { callers: new Map(), hasTags: false, below: new Map() }

function compileWholeBody(): Place {
  const body = new CompiledPlace()
  for (const request of ['', ...requests]) {
    const place = body.at(request === '' ? [] : request.split('.'))
    place.hasTags = true
    for (const path of paths) place.add(path.split('.'))
  }
  return body
}
