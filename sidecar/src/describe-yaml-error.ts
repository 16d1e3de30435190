import type { Problem } from '@postern/config'
import type { YAMLError } from 'yaml'

const starFix = 'Write a text that begins with * in quotes, such as "*".'

/** What is said of an error. */
export type YamlFault = Pick<YAMLError, 'code' | 'message' | 'pos'> & { readonly linePos?: YAMLError['linePos'] }

/** Describes where a file is not YAML, why, and how to correct it. */
export function describeYamlError({ code, message, linePos, pos }: YamlFault, text: string): Problem {
  const [start] = linePos ?? []
  const path = start === undefined ? 'YAML' : `line ${start.line}, column ${start.col}`
  if (code === 'DUPLICATE_KEY') {
    const name = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:#,{}[\]]+)/.exec(text.slice(pos[0]))?.[0].replaceAll(/^["']|["']$/g, '')
    const reason = `the key${name === undefined ? '' : ` "${name}"`} stands there a second time; keys must be unique.`
    return { path, reason, fix: 'Keep one of the two, with all that belongs below it.', severity: 'error' }
  }
  if (code === 'MULTIPLE_DOCS')
    return {
      path,
      reason: 'a second document begins there.',
      fix: 'Keep one configuration in a file: remove the line ---.',
      severity: 'error',
    }
  const reason = `${message.split('\n', 1)[0]?.replace(/ at line .*$/, '') ?? 'It is not YAML'}.`
  return { path, reason, fix: fixes[code] ?? defaultFix, severity: 'error' }
}

const defaultFix =
  'Look there and just before it; a text that holds ": " or " #", or begins with *, &, !, {, [, %, @ or a backtick, stands in quotes.'

const fixes: Readonly<Record<string, string>> = {
  BAD_ALIAS: starFix,
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_INDENT: 'Begin the lines of one group with the same number of spaces, and close every [ and {.',
}
