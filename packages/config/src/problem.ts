/** An error or warning about a configuration. */
export interface Problem {
  /** Where: `keys.acme.secret`, `bindings[2]`. */
  readonly path: string
  /** What is wrong, in a sentence without secrets. */
  readonly reason: string
  /** What to write instead. */
  readonly fix: string
  /** A `warning` is printed and does not stop the start. */
  readonly severity: 'error' | 'warning'
}

/** Thrown for a configuration with errors. Its message lists all problems, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map(describeProblem).join('\n')}`,
    )
    this.problems = problems
  }
}

/** One line for people: the path, the reason and the fix. An empty path becomes `configuration`. */
export function describeProblem({ path, reason, fix }: Problem): string {
  return `  ${path === '' ? 'configuration' : path}: ${reason} ${fix}`
}

/** Formats a path: `keys.acme.secret`, `bindings[2]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`),
    '',
  )
}

/** Makes an error, which stops the start. */
export function problem(path: string, reason: string, fix: string): Problem {
  return { path, reason, fix, severity: 'error' }
}

/** Makes a warning, which does not stop the start. */
export function warning(path: string, reason: string, fix: string): Problem {
  return { path, reason, fix, severity: 'warning' }
}

/** The most names that {@link oneOf} lists. */
const maxListed = 20

/** Different names. */
export interface Names extends Iterable<string> {
  readonly size: number
  has(name: string): boolean
}

/** The names, quoted and joined with `or`, of many the first; `it first` if there are none, as the end of "Write …". */
export function oneOf(names: Names): string {
  if (names.size === 0) return 'it first'
  const listed: string[] = []
  for (const each of names) if (listed.push(`"${each}"`) === maxListed) break
  return listed.join(' or ') + (names.size > maxListed ? ` or one of ${names.size - maxListed} more` : '')
}

/** `one of a, b, c`, as the end of "Write …"; a single value alone. */
export function oneOfThese(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`
}
