import { words } from '../lib/words.js'
import { rememberNames, squashName } from '../lib/squash-name.js'

/**
 * Members in which a caller says what a model is to read: no gateway looks for settings in them, so no key and no
 * address is looked for there either, and people may talk of keys.
 */
const content = new Set(
  words(
    'messages additionalmessages message content contents parts input inputs prompt prompts suffix',
    'instructions additionalinstructions system systeminstruction prediction documents arguments output',
  ),
)

/** Members that hold a JSON schema: its names are those of somebody's data. */
const schemas = new Set(['schema', 'jsonschema', 'inputschema', 'outputschema', 'responseschema', 'responsejsonschema', 'guidedjson'])

/** Whether a member of this name holds what the model reads. */
export const isContent = rememberNames((name) => content.has(squashName(name)))

/** Whether a member of this name holds a JSON schema. */
export const isSchema = rememberNames((name) => schemas.has(squashName(name)))
