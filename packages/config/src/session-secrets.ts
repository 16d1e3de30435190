import type { Secret } from '@postern/ports'
import type { SecretReference } from './schema-parts.js'

/** The most secrets that session tokens are verified with: a token that is signed with none of them is tried with all. */
export const mostSessionSecrets = 4

interface SessionSettings {
  readonly secret?: SecretReference | undefined
  readonly secrets?: readonly SecretReference[] | undefined
}

/** The path and the reference of each secret of `callers.session`, in their order; empty if it has none. */
export function sessionSecretReferences(
  session: SessionSettings | undefined,
): readonly (readonly [path: string, reference: SecretReference])[] {
  const { secret, secrets = [] } = session ?? {}
  const one = secret === undefined ? [] : [['callers.session.secret', secret] as const]
  return [...one, ...secrets.map((reference, index) => [`callers.session.secrets[${index}]`, reference] as const)]
}

/** A configuration, as far as it is about the secrets of sessions. */
interface WithSecrets {
  readonly config: { readonly callers: { readonly session?: SessionSettings | undefined } }
  readonly secrets: ReadonlyMap<string, Secret>
}

/** The secrets of session tokens: the first signs, each verifies. Empty if none is configured. */
export function sessionSecrets({ config, secrets }: WithSecrets): readonly Secret[] {
  return sessionSecretReferences(config.callers.session).flatMap(([path]) => secrets.get(path) ?? [])
}
