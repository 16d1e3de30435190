import { squashName, words } from '@postern/gateways'
import { rememberNames } from '../lib/remember-names.js'

/**
 * Members with the input of a model. No gateway reads settings in them, so Postern does not search them for keys and
 * addresses: users may write about keys.
 */
const content = new Set(
  words(
    'messages additionalmessages message content contents parts input inputs prompt prompts suffix',
    'instructions additionalinstructions system systeminstruction prediction documents arguments output',
  ),
)

/** Members that hold a JSON schema, whose names are the caller's own. */
const schemas = new Set(['schema', 'jsonschema', 'inputschema', 'outputschema', 'responseschema', 'responsejsonschema', 'guidedjson'])

/** Whether a member of this name holds the input of a model. */
export const isContent = rememberNames((name) => content.has(squashName(name)))

/** Whether a member of this name holds a JSON schema. */
export const isSchema = rememberNames((name) => schemas.has(squashName(name)))

/** In these, a schema gives the names of its properties or of its parts. */
export const namesOfSchemas = /^(?:properties|\$defs|definitions|patternProperties|dependentSchemas|dependentRequired)$/
