import type { Problem } from '@postern/core'
import type { Document, YAMLError } from 'yaml'

/** What a YAML document holds, or everything that keeps it from being one. */
export function readDocument(text: string, document: Document): { readonly raw: unknown; readonly problems: readonly Problem[] } {
  if (document.errors.length > 0) return { raw: undefined, problems: document.errors.map((error) => describeYamlError(error, text)) }
  try {
    return { raw: document.toJS(), problems: [] }
  } catch (error) {
    // Where an alias leads is looked up only now.
    const reason = `${(error as Error).message.split('\n', 1)[0]?.replace(/\.$/, '') ?? 'It is not YAML'}.`
    return { raw: undefined, problems: [{ path: 'YAML', reason, fix: starFix, severity: 'error' }] }
  }
}

const starFix = 'Write a text that begins with * in quotes, such as "*".'

function describeYamlError({ code, message, linePos, pos }: YAMLError, text: string): Problem {
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
  return { path, reason, fix: fixes[code] ?? usualFix, severity: 'error' }
}

const usualFix =
  'Look there and just before it; a text that holds ": " or " #", or begins with *, &, !, {, [, %, @ or a backtick, stands in quotes.'

const fixes: Readonly<Record<string, string>> = {
  BAD_ALIAS: starFix,
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_INDENT: 'Begin the lines of one group with the same number of spaces, and close every [ and {.',
}
