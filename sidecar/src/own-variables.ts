import { Secret } from '@postern/ports'

/** Variables that programs and libraries read by themselves, which stay where they are. */
const common: ReadonlySet<string> = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ', 'TMPDIR', 'PWD'])

/** The variables that were taken out of the environment, for the reloads of this process. */
const taken = new Map<string, Secret>()

/**
 * Takes variables that hold secrets out of the environment of this process, so that programs which it starts, its diagnostic reports and
 * whatever else reads `process.env` do not have them. {@link environmentOver} has them all the same.
 */
export function takeVariables(names: Iterable<string>): void {
  for (const name of names) {
    const value = process.env[name]
    if (value === undefined || common.has(name)) continue
    taken.set(name, new Secret(value))
    delete process.env[name]
  }
}

function ownValue(variables: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined
}

/** The environment of this process as it was at its start, and beneath it other variables. A value is read when it is asked for. */
export function environmentOver(others: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> {
  // Each question to `process.env` looks through all of the environment, and there may be 100,000 questions.
  const names = new Set(Object.keys(process.env))
  const own = (name: string): string | undefined => (names.has(name) ? ownValue(process.env, name) : undefined)
  const valueOf = (name: string): string | undefined => own(name) ?? taken.get(name)?.reveal() ?? ownValue(others, name)
  return new Proxy<Record<string, string | undefined>>(
    {},
    {
      get: (_, name) => (typeof name === 'string' ? valueOf(name) : undefined),
      has: (_, name) => typeof name === 'string' && valueOf(name) !== undefined,
    },
  )
}
