/** Blanks, control characters, byte order marks, and invisible letters. */
const characters =
  String.raw`[\s\0-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e` +
  String.raw`\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]`

/** Prefixes that some APIs write before JSON, so that a browser does not run it as a script. */
const guards = [`)]}',`, `)]}'`, ')]}', 'while(1);', 'for(;;);', '{}&&']

const escape = (text: string): string => text.replaceAll(/[^\w,';&]/g, String.raw`\$&`)

const openComment = String.raw`\/\*(?:[^*]|\*(?!\/))*`
const openLine = String.raw`(?:\/\/|#)[^\r\n\u2028\u2029]*`

/** The source of a pattern for all that a lenient JSON parser skips: blanks, comments, and guards. */
export const blanks = `(?:${[characters, String.raw`${openComment}\*\/`, String.raw`${openLine}[\r\n\u2028\u2029]`, ...guards.map(escape)].join('|')})*`

/** The same, but the text may end within the last blank, comment or guard. */
export const begunBlanks = `${blanks}(?:${[
  String.raw`\/`,
  String.raw`${openComment}\*?`,
  openLine,
  ...guards.flatMap((guard) => Array.from(guard, (_, index) => escape(guard.slice(0, index + 1)))),
].join('|')})?`
