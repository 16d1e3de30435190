/** One thing that is wrong with a configuration. */
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

/** A configuration that cannot be used, with everything that is wrong with it. */
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

export function describeProblem({ path, reason, fix }: Problem): string {
  return `  ${path === '' ? 'configuration' : path}: ${reason} ${fix}`
}

/** Writes a path as people do: `keys.acme.secret`, `bindings[2]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`),
    '',
  )
}

/** What stops the start. */
export function problem(path: string, reason: string, fix: string): Problem {
  return { path, reason, fix, severity: 'error' }
}

/** What does not stop the start. */
export function warning(path: string, reason: string, fix: string): Problem {
  return { path, reason, fix, severity: 'warning' }
}

/** The names, for people; what to do where there are none. */
export function oneOf(names: ReadonlySet<string>): string {
  return names.size === 0 ? 'it first' : [...names].map((each) => `"${each}"`).join(' or ')
}

/** One of these, for whoever has to write one; the value itself where there is only one. */
export function oneOfThese(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`
}
