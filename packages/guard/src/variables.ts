/** Variables that hold a key of a gateway or provider, as their documents name them. */
export const keyVariables: readonly string[] = [
  'JOY_TOKEN_API_KEY',
  'OPENTOKEN_API_KEY',
  'GATEWAY_API_KEY',
  'ONYSOFT_API_KEY',
  'MINTOKEN_API_KEY',
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
]

/** Shortest value that is searched for, in characters. A shorter one is no key and stands everywhere: `test`, `none`. */
export const shortestValue = 8

/** A value that must not be published, and its variable. */
export interface SecretValue {
  readonly variable: string
  readonly value: string
}

/** A pattern of these names, each also with a prefix: `VITE_OPENAI_API_KEY` holds the same key. */
export function namePattern(names: readonly string[]): string {
  return `(?:[A-Za-z0-9]+_)*(?:${names.map((name) => name.replaceAll(/[^\w]/g, '\\$&')).join('|')})`
}

/** The values of such variables in the environment of the build. */
export function secretValues(names: readonly string[], env: Readonly<Record<string, string | undefined>>): SecretValue[] {
  const isOne = new RegExp(`^${namePattern(names)}$`)
  return Object.entries(env).flatMap(([variable, value = '']) =>
    isOne.test(variable) && value.trim().length >= shortestValue ? [{ variable, value: value.trim() }] : [],
  )
}
