import { rememberNames } from '../lib/remember-names.js'
import { squashName } from '@postern/gateways'

/**
 * What amount a member's name asks for: the length of an answer (`length`), the number of answers (`answers`), or a part of
 * an answer's length that the ceiling includes (`part`), such as tokens for thinking.
 */
export type Amount = 'length' | 'answers' | 'part' | 'none'

/** Names of more letters and digits ask for nothing: no gateway reads a member with a longer name. */
const maxNameChars = 64

/** Names of limits on the input, not on the answer. */
const ofReading = /prompt|input|content|context|image|audio|video|document|query|chunk|doc$|window/
const ofParts = /^min.*tok|(?:think|reason).*(?:tok|budget)|budgettok|budget.*(?:think|reason)/
const written = '(?:output|completion|response|answer|generation|reply)'
/** What is said of tokens that are written, and not read. */
const made = `(?:new|target|gen|generated?|decoded?|predict(?:ed)?|sampled?|written|${written})`
const ofLengths = new RegExp(
  [
    'max.*tok|limit.*tok|tok(?:en)?s?(?:max|limit|cap|budget|quota|allowance)|(?:max|limit).*(?:len|length)$|(?:n|num|max)predict',
    `${written}(?:len|length|limit|budget)$|^targetlen(?:gth)?$`,
    `^max(?:outputs?|${written})$`,
    `^(?:(?:n|num|number|numof|numberof)(?:${made})?|${made})tok(?:en)?s$`,
    'tok(?:en)?sto(?:be)?(?:generated?|sampled?|predict|predicted|decode|write|written|output|return|complete)',
  ].join('|'),
)
const answer = '(?:sequence|completion|sample|output|generation|choice|candidate|response|answer|variation|variant|replie|rollout)'
const severalAnswers = `(?:n|num|max|number|numberof|numof)(?:return|returned)?(?:${answer}s|cmpls?)`
/**
 * A beam search computes as many answers as it has beams, though most servers return the best one alone, as with `best_of`: so
 * its width counts. `use_beam_search` names no width: servers that have it search as widely as `n` or `best_of` say.
 */
const beams = '(?:n|num)beams?|beam(?:width|size|s)|n(?:um)?best'
/** AI21's number of answers. Elsewhere a search is told so how much it finds: see {@link findsResults}. */
const results = '(?:n|num|number|numberof|numof)(?:return|returned)?results'
const ofAnswers = new RegExp(
  `^(?:n|bestof(?:n|num|number|k)?|samples|${results}|${severalAnswers}|(?:n|num)(?:return|returned)?${answer}|${answer}s?(?:count|num|number)|${beams})$`,
)

/** Classifies a member's name, in any spelling. */
export const amountNamed = rememberNames((name): Amount => {
  const plain = squashName(name)
  if (plain.length > maxNameChars) return 'none'
  if (ofAnswers.test(plain)) return 'answers'
  if (ofReading.test(plain)) return 'none'
  if (ofParts.test(plain)) return 'part'
  return ofLengths.test(plain) ? 'length' : 'none'
})

/** Names of members in which a gateway reads settings: `extra_body`, `sampling_params`, `litellm_params`, `inferenceConfig`. */
const settings = /extra|param|option|config|setting|kwargs|^generation$|override|body|fields|^nvext$|^(?:proto|constructor)$/

/** Whether a member of this name could hold settings. */
export const holdsSettings = rememberNames((name) => {
  const plain = squashName(name)
  return plain.length <= maxNameChars && settings.test(plain)
})

/** Names of outermost members whose number of results is what a search finds, for the model to read. */
const searches =
  /^(?:tools?|functions|plugins|websearch(?:options)?|searchparameters|searchoptions|filesearch|toolresources|documents|rag|retrieval)$/
const namesResults = rememberNames((name) => squashName(name).endsWith('results'))

/** Whether a member says how much a search finds, and not how many answers are written. */
export const findsResults = (name: string, top: string): boolean => namesResults(name) && top !== name && searches.test(squashName(top))
