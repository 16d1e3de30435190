import type { Arrival } from '@postern/ports'
import { formatRequestId } from '@postern/protocol'

/** The tags of a call, as far as its id consists of them. */
interface TagsOfId {
  readonly workflow?: string | undefined
  readonly step?: string | undefined
  readonly attempt: number
  readonly requestId: string
}

/** The tags of a call that was tagged for its first attempt and did not get there: attempt 0, in its id too. */
export function tagUnsent<Tags extends TagsOfId>(tags: Tags, { ulid }: Pick<Arrival, 'ulid'>): Tags {
  const { workflow, step } = tags
  return { ...tags, attempt: 0, requestId: formatRequestId({ workflow, step, ulid, attempt: 0 }) }
}
