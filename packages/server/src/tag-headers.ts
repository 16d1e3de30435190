import { headerNames } from '@postern/protocol'
import { runningTags, type Tags } from './running-tags.js'

/**
 * The headers that carry workflow and step of a call, for SDKs and programs that accept headers but no `fetch`.
 *
 * @param tags Default: {@link runningTags}; outside a workflow there are no headers.
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
