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

/** Credentials that Postern makes for services. */
const ofServices = /pst_[\w-]{16,}/g

const whole = new RegExp(`^(?:${usualShapes}|${furtherShapes})$`)
const anywhere = new RegExp(`(?<![A-Za-z0-9])(?:${usualShapes}|${furtherShapes})`, 'g')
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
 * Replaces everything that has the form of a caller's credential by `[redacted]`, and everything that has the form of a key, unless a
 * letter or digit stands right before it, as in `task-…`.
 */
export function redactKeys(text: string): string {
  return redactTokens(text).replace(ofServices, '[redacted]').replace(anywhere, '[redacted]')
}

/** The least characters of a part of a token. */
const shortestPart = 8

/** Replaces tokens in three parts (JWT), of which the first one begins with `{"`, in base64url. */
function redactTokens(text: string): string {
  let clean = ''
  let from = 0
  for (let at = text.indexOf('eyJ'); at !== -1; at = text.indexOf('eyJ', at)) {
    const head = endOfPart(text, at)
    const body = text[head] === '.' ? endOfPart(text, head + 1) : head
    if (head - at >= shortestPart && body - head > shortestPart && text[body] === '.') {
      clean += `${text.slice(from, at)}[redacted]`
      at = endOfPart(text, body + 1)
      from = at
    }
    // No other token begins in a part that does not begin one.
    else at = head
  }
  return clean + text.slice(from)
}

const behindPart = /[^\w-]/g

function endOfPart(text: string, from: number): number {
  behindPart.lastIndex = from
  return behindPart.exec(text)?.index ?? text.length
}
