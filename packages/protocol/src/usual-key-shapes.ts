/** How keys look that most pages could hold one of; a file of its own, since pages carry only what they use. */
export const usualShapes =
  'mt_live_[\\w-]{4,}|(?:jt|gw)_[\\w-]{8,}' +
  // OpenAI's, and those of Anthropic, OpenRouter, OpenToken and Onysoft; the Free AI Gateway's; Google's.
  '|(?:sk-|fai_)[\\w-]{16,}|AIza[\\w-]{20,}'

const usual = new RegExp(`^(?:${usualShapes})$`)

/** Whether a text has the form of a key of one of the gateways, or of the providers that most pages could hold one of: few bytes, for pages. */
export function looksLikeUsualKey(text: string): boolean {
  return usual.test(text)
}
