import { namePattern } from './variables.js'

/** A variable that code asks the environment for, or that was put into it with its value. */
export interface FoundName {
  readonly name: string
  readonly index: number
}

/** `process.env.NAME` and its relatives; `{}` is what bundlers write for an environment that is not there. */
const environments = String.raw`(?:process\s*\??\.\s*env|import\s*\.\s*meta\s*\.\s*env|\(?\{\s*\}\)?)`
/** Not in a string or an expression: a comment that stands at the beginning of its line. */
const comments = /^[ \t]*(?:\/\*[^]*?\*\/|\/\/.*$)/gm

/** Finds such variables in code; in its comments they are documentation. */
export function findNames(code: string, names: readonly string[]): FoundName[] {
  const name = `(${namePattern(names)})(?![A-Za-z0-9_])`
  const member = String.raw`(?:\s*\??\.\s*|\s*(?:\?\.)?\[\s*["'\x60])`
  const asked = new RegExp(environments + member + name, 'g')
  const taken = new RegExp(String.raw`\{[^{}]*?(?<![A-Za-z0-9_.$])${name}[^{}]*\}\s*=\s*\(?${environments}`, 'g')
  const given = new RegExp(String.raw`(?<![A-Za-z0-9_.$])["']?${name}["']?\s*:\s*(["'\x60])[^"'\x60\s]{8,}\2`, 'g')
  const text = code.replaceAll(comments, (comment) => comment.replaceAll(/[^\n]/g, ' '))
  return [asked, taken, given].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({ name: match[1] as string, index: match.index })),
  )
}
