/**
 * How secrets of the five gateways and of the providers behind them look. Used to recognise a key that a
 * client tries to submit and to blot one out of a text; never to decide whether a key is good, since most
 * alphabets and lengths are not documented.
 */
const keyShapes = [
  'jt_[A-Za-z0-9_-]{8,}',
  'sk-[A-Za-z0-9_-]{16,}', // also sk-optk-, sk-ony-, sk-ant-, sk-proj-
  'mt_live_[A-Za-z0-9_-]{4,}',
  'fai_[A-Za-z0-9_-]{16,}',
  'gw_[A-Za-z0-9_-]{8,}',
  'AIza[A-Za-z0-9_-]{20,}',
]

const whole = new RegExp(`^(?:${keyShapes.join('|')})$`)
// Pages that never blot anything out need not carry it.
const anywhere = /* @__PURE__ */ new RegExp(`(?<![A-Za-z0-9])(?:${keyShapes.join('|')})`, 'g')

/** Whether a text has the form of a gateway's or provider's key. */
export function looksLikeKey(text: string): boolean {
  return whole.test(text)
}

/** Blots out everything that has the form of a key, unless a letter or digit stands right before it, as in `task-…`. */
export function redactKeys(text: string): string {
  return text.replace(anywhere, '[redacted]')
}
