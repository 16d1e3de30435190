import { maskLiterals } from './mask-literals.js'
import { namePattern } from './variables.js'

/** A variable that code reads from the environment. */
export interface FoundName {
  readonly name: string
  readonly index: number
}

/** `process.env` and its relatives. Bundlers write `{}` for an environment that does not exist. */
const environments = String.raw`(?:process\s*\??\.\s*env|import\s*\.\s*meta\s*\.\s*env|\(?\{\s*\}\)?)`
const member = String.raw`(?:\s*\??\.\s*|\s*(?:\?\.)?\[\s*["'\x60])`

/** Finds such variables in code. Comments and texts do not count: they are documentation. */
export function findNames(code: string, names: readonly string[]): FoundName[] {
  if (!names.some((name) => code.includes(name))) return []
  const name = `(${namePattern(names)})(?![A-Za-z0-9_])`
  const asked = new RegExp(environments + member + name, 'g')
  const taken = new RegExp(String.raw`\{[^{}]*?(?<![A-Za-z0-9_.$])${name}[^{}]*\}\s*=\s*\(?${environments}`, 'g')
  const text = maskLiterals(code)
  return [asked, taken].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => ({ name: match[1] as string, index: match.index })))
}
