import { rememberNames, squashName } from '../lib/squash-name.js'

/**
 * What a member's name says of how much is asked for: how long an answer may become (`length`), how many answers there
 * are (`answers`), or a part of an answer's length that a ceiling of it bounds as well (`part`).
 */
export type Amount = 'length' | 'answers' | 'part' | 'none'

/** No member that any gateway reads has a longer name, in characters. */
const maxNameChars = 64

/** These bound what is read, and not what is written. */
const ofReading = /prompt|input|content|context|image|audio|video|document|query|chunk|doc$|window/
const ofParts = /^min.*tok|(?:think|reason).*(?:tok|budget)|budgettok|budget.*(?:think|reason)/
const ofLengths = new RegExp(
  [
    'max.*tok|tok(?:en)?s?(?:max|limit|cap)|(?:max|limit).*(?:len|length)$|^maxoutputs?$|n(?:um)?predict',
    '(?:output|completion|response|answer|generation)(?:len|length|limit)$',
    '^(?:num|n|new|output|completion|response|gen|generate|generated)tok(?:en)?s$',
  ].join('|'),
)
const answer = '(?:sequence|completion|sample|output|generation|choice|candidate|response|answer)'
const ofAnswers = new RegExp(
  `^n$|^bestof$|^samples$|^(?:n|num|max|number|numberof|numof)(?:return|returned)?${answer}s$|^${answer}s?(?:count|num|number)$`,
)

/** What a name says of how much is asked for, wherever it stands. */
export const amountNamed = rememberNames((name): Amount => {
  const plain = squashName(name)
  if (plain.length > maxNameChars) return 'none'
  if (ofAnswers.test(plain)) return 'answers'
  if (ofReading.test(plain)) return 'none'
  if (ofParts.test(plain)) return 'part'
  return ofLengths.test(plain) ? 'length' : 'none'
})

/** Names under which a gateway reads settings: `extra_body`, `sampling_params`, `litellm_params`, `inferenceConfig`, `nvext`. */
const settings = /extra|param|option|config|setting|kwargs|^generation$|override|body|fields|^nvext$|^(?:proto|constructor)$/

/** Whether a member of this name could hold settings. */
export const holdsSettings = rememberNames((name) => name.length <= maxNameChars && settings.test(squashName(name)))
