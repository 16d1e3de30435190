import { usualShapes } from './usual-key-shapes.js'

/**
 * Forms of the keys of the five gateways and of the providers behind them. They recognize a key that a client sends,
 * and redact keys in texts. They never decide whether a key is valid, since most alphabets and lengths are not
 * documented.
 */
const furtherShapes =
  // Google (OAuth), xAI, NVIDIA, Together.
  '(?:ya29\\.|xai-|nvapi-|tgp_v1_)[\\w-]{20,}' +
  // Groq, Perplexity, Hugging Face, Replicate, Fireworks, Vercel.
  '|(?:gsk_|pplx-|hf_|r8_|fw_|vck_)[A-Za-z0-9]{20,}' +
  // Databricks, AWS.
  '|dapi[0-9a-f]{32}|A[KS]IA[A-Z0-9]{16}'

/**
 * Credentials of callers: those that Postern makes for services, and tokens in three parts (JWT), whose first one begins with `{"`. A text
 * has the form of a token only where it begins behind another character, so that none is looked at twice.
 */
const callersShapes = '(?<![A-Za-z0-9])pst_[\\w-]{16,}|(?<![\\w-])eyJ[\\w-]{8,}\\.[\\w-]{8,}\\.[\\w-]*'

const whole = new RegExp(`^(?:${usualShapes}|${furtherShapes})$`)
const anywhere = new RegExp(`(?<![A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`, 'g')
const credentials = new RegExp(callersShapes, 'g')
const somewhere = new RegExp(`(?:^|[^A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`)

/** Whether a text has the form of a gateway's or provider's key. */
export function looksLikeKey(text: string): boolean {
  return whole.test(text)
}

/** Whether a text contains the form of a key, at its beginning or after a character that is neither letter nor digit. */
export function holdsKey(text: string): boolean {
  return somewhere.test(text)
}

/** Every text within a text that has the form of a key, by the boundary of {@link holdsKey}. */
export function keysIn(text: string): { readonly text: string; readonly index: number }[] {
  return [...text.matchAll(anywhere)].map((match) => ({ text: match[0], index: match.index }))
}

/**
 * Replaces everything that has the form of a key, or of a caller's credential, by `[redacted]`, unless a letter or digit stands right
 * before it, as in `task-…`.
 */
export function redactKeys(text: string): string {
  return text.replace(anywhere, '[redacted]').replace(credentials, '[redacted]')
}
