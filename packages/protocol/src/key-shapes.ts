/**
 * How secrets of the five gateways and of the providers behind them look. Used to recognise a key that a
 * client tries to submit and to blot one out of a text; never to decide whether a key is good, since most
 * alphabets and lengths are not documented.
 */
const keyShapes = [
  'jt_[A-Za-z0-9_-]{8,}',
  'sk-[A-Za-z0-9_-]{16,}', // also sk-optk-, sk-ony-, sk-ant-, sk-proj-, sk-or-
  'mt_live_[A-Za-z0-9_-]{4,}',
  'fai_[A-Za-z0-9_-]{16,}',
  'gw_[A-Za-z0-9_-]{8,}',
  'AIza[A-Za-z0-9_-]{20,}',
  'ya29\\.[A-Za-z0-9_-]{20,}', // Google, OAuth
  'gsk_[A-Za-z0-9]{20,}', // Groq
  'xai-[A-Za-z0-9_-]{20,}',
  'pplx-[A-Za-z0-9]{20,}', // Perplexity
  'hf_[A-Za-z0-9]{20,}', // Hugging Face
  'r8_[A-Za-z0-9]{20,}', // Replicate
  'nvapi-[A-Za-z0-9_-]{20,}',
  'tgp_v1_[A-Za-z0-9_-]{20,}', // Together
  'fw_[A-Za-z0-9]{20,}', // Fireworks
  'dapi[0-9a-f]{32}', // Databricks
  'vck_[A-Za-z0-9]{20,}', // Vercel
  'A(?:KIA|SIA)[A-Z0-9]{16}', // AWS
]

const whole = new RegExp(`^(?:${keyShapes.join('|')})$`)
// Pages that never blot anything out need not carry it.
const anywhere = /* @__PURE__ */ new RegExp(`(?<![A-Za-z0-9])(?:${keyShapes.join('|')})`, 'g')
const somewhere = /* @__PURE__ */ new RegExp(`(?:^|[^A-Za-z0-9])(?:${keyShapes.join('|')})`)

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
