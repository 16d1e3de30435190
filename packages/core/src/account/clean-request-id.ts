import { type CleanText, type Cleaner, ours } from './clean-text.js'

/** The tags that a request id consists of, besides generated characters. */
interface IdTags {
  readonly workflow?: string | undefined
  readonly step?: string | undefined
}

/**
 * Redacts a request id. Of a call that was sent it consists of the tags and generated characters: if its tags are clean, it is.
 *
 * @param attempt 0 for a call that was not sent.
 */
export function cleanRequestId(id: string, attempt: number, tags: IdTags, cleaned: IdTags, { clean }: Cleaner): CleanText {
  if (attempt > 0 && tags.workflow === cleaned.workflow && tags.step === cleaned.step) return ours(id)
  return clean(exchange(exchange(id, tags.workflow, cleaned.workflow), tags.step, cleaned.step))
}

/** Replaces a tag in a request id by its redacted form. */
function exchange(id: string, tag: string | undefined, clean: string | undefined): string {
  return tag === undefined || tag === '' || clean === undefined ? id : id.replaceAll(tag, () => clean)
}
