/**
 * Forms of the keys that a page most likely holds. In its own file, because a page's bundle holds only what it
 * imports.
 */
export const usualShapes =
  'mt_live_[\\w-]{4,}|(?:jt|gw)_[\\w-]{8,}' +
  // OpenAI, Anthropic, OpenRouter, OpenToken and Onysoft; the Free AI Gateway; Google.
  '|(?:sk-|fai_)[\\w-]{16,}|AIza[\\w-]{20,}'

const usual = new RegExp(`^(?:${usualShapes})$`)

/**
 * Whether a text has the form of a key of one of the gateways, or of a provider whose key a page most likely holds.
 * Small, for pages; on a server use {@link looksLikeKey}.
 */
export function looksLikeUsualKey(text: string): boolean {
  return usual.test(text)
}
