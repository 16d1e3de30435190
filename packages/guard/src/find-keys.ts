import { keysIn } from '@postern/protocol'

/** A text that has the form of a key. */
export interface FoundKey {
  readonly text: string
  readonly index: number
  /** The form, without the secret part: `sk-ant-…`. */
  readonly form: string
}

const shownPrefix = /^(?:sk-(?:[a-z]{2,5}-)?|[a-z]{2,3}_(?:live_)?|AIza)/
/** Placeholders that stand where a key would. */
const standIn = /your|example|placeholder|redacted|x{4}|\.{3}/i
/** A part of a stand-in: a word, or `x` again and again. A real key that holds one of those words has other parts too. */
const partOfStandIn = /^(?:[A-Za-z]+\d{0,3})?$/
/** Prefixes that ordinary names have too: the class `sk-loading-indicator`, the variable `gw_request_count`. */
const usualPrefix = /^(?:sk-|gw_)/
const word = String.raw`(?:[a-z]{1,12}|[A-Z]{1,12}|[A-Z][a-z]{1,11})\d{0,2}`
const wordsOnly = new RegExp(`^${word}(?:[_-]+${word})*[_-]*$`)
const sameCharacter = /^(.)\1*$/
/** The extension that follows a file's name. */
const extension =
  /^(?:\.[A-Za-z0-9_-]{4,20})?\.(?:[cm]?[jt]sx?|json5?|css|s[ac]ss|less|html?|map|md|mdx|txt|ya?ml|xml|svg|png|jpe?g|gif|webp|avif|ico|woff2?|ttf|otf|wasm|vtt|po|mo|ftl|properties|webmanifest)(?![A-Za-z0-9_-])/
/** The hash of a file's content, which a bundler writes before the extension. */
const digest = /[_-][A-Za-z0-9_-]{6,20}$/

/** Finds every text that has the form of a key and is not clearly something else. */
export function findKeys(text: string): FoundKey[] {
  return keysIn(text).flatMap(({ text: key, index }) => {
    const end = index + key.length
    return isStandIn(key) || isFileName(key, text.slice(end, end + 40)) ? [] : [{ text: key, index, form: formOf(key) }]
  })
}

function isStandIn(key: string): boolean {
  const rest = key.replace(shownPrefix, '')
  return (standIn.test(rest) && isMadeOfWords(rest)) || sameCharacter.test(rest) || (usualPrefix.test(key) && wordsOnly.test(rest))
}

function isMadeOfWords(rest: string): boolean {
  return rest.split(/[_.\u2026-]+/).every((piece) => partOfStandIn.test(piece))
}

/** Whether it is a file's name made of words, such as the messages of the language `sk`: `sk-messages-DkP3x9aB.js`. */
function isFileName(key: string, after: string): boolean {
  if (!usualPrefix.test(key) || !extension.test(after)) return false
  const rest = key.replace(usualPrefix, '')
  return wordsOnly.test(rest) || wordsOnly.test(rest.replace(digest, ''))
}

function formOf(key: string): string {
  return `${shownPrefix.exec(key)?.[0] ?? ''}…`
}
