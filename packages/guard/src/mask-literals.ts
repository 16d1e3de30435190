/**
 * Replaces comments and the content of strings, templates and regular expressions by spaces; every position stays the
 * same. A string that names a member, `env["NAME"]`, stays.
 *
 * There is no grammar: the text before a slash decides whether the slash divides or begins a regular expression.
 */
export function maskLiterals(code: string): string {
  const masked: string[] = []
  /** For each open template: how many braces are open in its expression. */
  const templates: number[] = []
  let before = ''
  let from = 0

  function take(text: string): void {
    masked.push(text)
    before = (before + text).slice(-12)
  }
  function blot(text: string): void {
    masked.push(text.replaceAll(/[^\n]/g, ' '))
  }

  while (from < code.length) {
    const rest = tokenAt(code, from, templates.at(-1) === 0 ? '}' : '', before)
    from += rest.text.length
    if (rest.kind === 'code') take(rest.text)
    else if (rest.kind === 'comment') blot(rest.text)
    else if (rest.kind === 'literal' && before.trimEnd().endsWith('[')) take(rest.text)
    else {
      blot(rest.text)
      before = '"'
    }
    if (rest.text === '{' && templates.length > 0) templates[templates.length - 1] = (templates.at(-1) as number) + 1
    if (rest.text === '}' && templates.length > 0) templates[templates.length - 1] = (templates.at(-1) as number) - 1
    if (rest.kind === 'template') {
      if (rest.text.startsWith('}')) templates.pop()
      if (rest.text.endsWith('${')) {
        templates.push(0)
        before = '('
      }
    }
  }
  return masked.join('')
}

interface Token {
  readonly kind: 'code' | 'comment' | 'literal' | 'template'
  readonly text: string
}

const comment = /\/\*[^]*?\*\/|\/\/[^\n]*/y
const literal = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y
const template = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y
const expression = /\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const plain = /[^"'`/{}]+/y
/** After these a slash begins a regular expression. */
const operand = /(?:^|[(,=:[!&|?{};+\-*%~^<>\n]|\b(?:return|typeof|case|in|of|void|delete|throw|else|do))\s*$/

/** The token at a position. `resuming` is `}` if that character continues a template. */
function tokenAt(code: string, from: number, resuming: string, before: string): Token {
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = from
    return pattern.exec(code)?.[0]
  }
  const first = code[from] as string
  let text: string | undefined
  if ((first === '`' || first === resuming) && (text = match(template)) !== undefined) return { kind: 'template', text }
  if ((first === '"' || first === "'") && (text = match(literal)) !== undefined) return { kind: 'literal', text }
  if (first === '/' && (text = match(comment)) !== undefined) return { kind: 'comment', text }
  if (first === '/' && operand.test(before) && (text = match(expression)) !== undefined) return { kind: 'literal', text }
  return { kind: 'code', text: match(plain) ?? first }
}
