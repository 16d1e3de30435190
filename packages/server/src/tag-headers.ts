import { headerNames } from '@postern/protocol'
import { runningTags, type Tags } from './running-tags.js'

/**
 * The headers that say which run and step a call belongs to, for SDKs and programs that take headers and no `fetch`.
 *
 * @param tags Default: what is running around this call; outside a workflow there are no headers.
 *
 * @example
 * ```ts
 * await openai.chat.completions.create(request, { headers: tagHeaders() })
 * ```
 */
export function tagHeaders(tags: Tags | undefined = runningTags()): Record<string, string> {
  if (tags === undefined) return {}
  const { workflow, step, parent } = tags
  return {
    [headerNames.workflow]: workflow,
    ...(step === undefined ? {} : { [headerNames.step]: step }),
    ...(parent === undefined ? {} : { [headerNames.parentStep]: parent }),
  }
}
