/**
 * How secrets of the five gateways and of the providers behind them look. Used to recognise a key that a
 * client tries to submit and to blot one out of a text; never to decide whether a key is good, since most
 * alphabets and lengths are not documented.
 */
const usualShapes =
  'mt_live_[\\w-]{4,}|(?:jt|gw)_[\\w-]{8,}' +
  // OpenAI's, and those of Anthropic, OpenRouter, OpenToken and Onysoft; the Free AI Gateway's; Google's.
  '|(?:sk-|fai_)[\\w-]{16,}|AIza[\\w-]{20,}'

const furtherShapes =
  // Google's for OAuth, xAI's, NVIDIA's, Together's.
  '(?:ya29\\.|xai-|nvapi-|tgp_v1_)[\\w-]{20,}' +
  // Groq's, Perplexity's, Hugging Face's, Replicate's, Fireworks', Vercel's.
  '|(?:gsk_|pplx-|hf_|r8_|fw_|vck_)[A-Za-z0-9]{20,}' +
  // Databricks', those of AWS.
  '|dapi[0-9a-f]{32}|A[KS]IA[A-Z0-9]{16}'

// Pages carry only what they use.
const usual = /* @__PURE__ */ new RegExp(`^(?:${usualShapes})$`)
const whole = /* @__PURE__ */ new RegExp(`^(?:${usualShapes}|${furtherShapes})$`)
const anywhere = /* @__PURE__ */ new RegExp(`(?<![A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`, 'g')
const somewhere = /* @__PURE__ */ new RegExp(`(?:^|[^A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`)

/** Whether a text has the form of a key of one of the gateways, or of the providers that most pages could hold one of: few bytes, for pages. */
export function looksLikeUsualKey(text: string): boolean {
  return usual.test(text)
}

/** Whether a text has the form of a gateway's or provider's key. */
export function looksLikeKey(text: string): boolean {
  return whole.test(text)
}

/** Whether something in a text has the form of a key, at its beginning or behind a character that is neither letter nor digit. */
export function holdsKey(text: string): boolean {
  return somewhere.test(text)
}

/** Blots out everything that has the form of a key, unless a letter or digit stands right before it, as in `task-…`. */
export function redactKeys(text: string): string {
  return text.replace(anywhere, '[redacted]')
}
