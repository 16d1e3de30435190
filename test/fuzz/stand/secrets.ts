import { hash } from 'node:crypto'
import { keyCore } from './key-forms.js'

/** A gateway that the sidecar under test is set up for. */
export const dialects = ['openai', 'joytoken', 'opentoken', 'freeai', 'onysoft', 'mintoken'] as const
export type DialectName = (typeof dialects)[number]

const prefixes: Readonly<Record<DialectName, string>> = {
  openai: 'sk-',
  joytoken: 'jt_',
  opentoken: 'sk-optk-',
  freeai: 'gw_',
  onysoft: 'sk-ony-',
  mintoken: 'mt_live_',
}

/** Everything secret of one run; the same for the same seed. */
export interface Secrets {
  /** The gateway keys. */
  readonly keys: Readonly<Record<DialectName, string>>
  /** Mintoken's second key. */
  readonly provider: string
  readonly session: string
  readonly admin: string
  /** Credentials of service callers: one of a team of each dialect's name, and one that acts for others. */
  readonly callers: Readonly<Record<DialectName | 'delegate', string>>
}

export function makeSecrets(seed: number): Secrets {
  const random = (name: string, length: number): string => hash('sha256', `${seed}/${name}`, 'hex').slice(0, length)
  const withCore = (name: string): string => random(name, 8) + keyCore + random(`${name}/2`, 24)
  const each = <Name extends string>(names: readonly Name[], make: (name: Name) => string) =>
    Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, string>
  return {
    keys: each(dialects, (name) => prefixes[name] + withCore(name)),
    provider: `sk-${withCore('provider')}`,
    session: withCore('session'),
    admin: withCore('admin'),
    callers: each([...dialects, 'delegate'] as const, (name) => `pst_${random(`caller/${name}`, 40)}`),
  }
}

/** What is loaded and must not come out, by names that may be printed. */
export function loadedSecrets({ keys, provider, session, admin }: Secrets): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(dialects.map((name) => [`the key of ${name}`, keys[name]])),
    'the provider key': provider,
    'the session secret': session,
    'the admin secret': admin,
  }
}
