import { squashName } from '@postern/gateways'
import { rememberNames } from '../lib/remember-names.js'

/**
 * Names that tools are defined under, in a body, in its settings and in its content alike: `tools` (every format; Responses API,
 * `additional_tools`, `tool_search_output` and `namespace`), `functions` (chat completions), `tool` and `definition` (Messages API,
 * `tool_addition` and `tool_definition`). Policies and limits ask here, so that what one of them knows the other knows.
 */
const places: ReadonlySet<string> = new Set(['tools', 'tool', 'functions', 'definition'])

/** Whether an object or list of this name defines tools. */
export const definesTools = rememberNames((name) => places.has(squashName(name)))
