import { usualShapes } from './usual-key-shapes.js'

/**
 * How secrets of the five gateways and of the providers behind them look. Used to recognise a key that a
 * client tries to submit and to blot one out of a text; never to decide whether a key is good, since most
 * alphabets and lengths are not documented.
 */
const furtherShapes =
  // Google's for OAuth, xAI's, NVIDIA's, Together's.
  '(?:ya29\\.|xai-|nvapi-|tgp_v1_)[\\w-]{20,}' +
  // Groq's, Perplexity's, Hugging Face's, Replicate's, Fireworks', Vercel's.
  '|(?:gsk_|pplx-|hf_|r8_|fw_|vck_)[A-Za-z0-9]{20,}' +
  // Databricks', those of AWS.
  '|dapi[0-9a-f]{32}|A[KS]IA[A-Z0-9]{16}'

const whole = new RegExp(`^(?:${usualShapes}|${furtherShapes})$`)
const anywhere = new RegExp(`(?<![A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`, 'g')
const somewhere = new RegExp(`(?:^|[^A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`)

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
