import { words } from '@postern/gateways'
import { hasManyMembers } from '../lib/names-of.js'

/** Members of an entry in a list of models, exactly as they are documented, that say which model it is. */
const ofModels = words('model model_id modelId model_name modelName')

/** Members of such an entry, exactly as they are documented, that say how the model is called: parameters of the APIs and of gateways. */
const ofCalls = words(
  'messages input prompt suffix system instructions contents temperature top_p top_k min_p top_a n seed stop stop_sequences stream',
  'stream_options max_tokens max_completion_tokens max_output_tokens presence_penalty frequency_penalty repetition_penalty logit_bias',
  'logprobs top_logprobs response_format tools tool_choice parallel_tool_calls functions function_call reasoning reasoning_effort thinking',
  'output_config verbosity speed modalities prediction service_tier store user metadata safety_identifier text truncation include',
  'timeout request_timeout stream_timeout num_retries max_retries weight order priority provider extra_body encoding_format dimensions',
)

const names: ReadonlySet<string> = new Set([...ofModels, ...ofCalls])

/** Whether a member of an entry is a documented one, whose value is checked like any other member of a body. */
export function isOfEntry(name: string): boolean {
  return names.has(name)
}

/** Whether an object names its model in a documented member. */
export function namesItsModel(entry: object): boolean {
  return ofModels.some((name) => Object.hasOwn(entry, name))
}

/** Whether an object could be read as a map from models, or as an entry that names its own. Looks at few members, however many it has. */
export function isEntryOrMap(entry: object): boolean {
  // One with many members has more than there are documented ones.
  if (namesItsModel(entry) || hasManyMembers(entry)) return true
  // The walk looks at every member of it; here it is enough that there is one.
  for (const name in entry) return !names.has(name)
  return false
}

/** Whether an object is an entry that names its model and has only documented members. Looks at no more members than there are of those. */
export function isEntry(entry: object): boolean {
  if (hasManyMembers(entry)) return false
  for (const name in entry) if (!names.has(name)) return false
  return namesItsModel(entry)
}
