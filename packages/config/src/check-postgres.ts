import type { Secret } from '@postern/ports'
import { type Problem, problem } from './problem.js'
import type { SecretReference } from './schema-parts.js'

/** The settings that hold an address of PostgreSQL, or refer to one. */
export type PostgresSetting = 'store.postgres' | 'ledger.postgres'

/** Checks that a setting leads to an address of PostgreSQL, and that the configuration itself holds no password. */
export function checkPostgres(
  setting: PostgresSetting,
  written: string | SecretReference | undefined,
  secrets: ReadonlyMap<string, Secret>,
  problems: Problem[],
): void {
  if (typeof written === 'string' && holdsPassword(written))
    problems.push(
      problem(setting, 'holds a password.', 'Write { env: NAME } or { file: PATH }; the address stands there, password and all.'),
    )
  const address = typeof written === 'object' ? secrets.get(setting)?.reveal() : undefined
  if (address !== undefined && !/^postgres(?:ql)?:\/\/./.test(address))
    problems.push(
      problem(
        setting,
        'does not refer to an address.',
        'It is written postgres://user:password@host:5432/database, with ?sslmode=verify-full for TLS.',
      ),
    )
}

function holdsPassword(address: string): boolean {
  const { password, searchParams } = new URL(address)
  return password !== '' || searchParams.has('password')
}
