import { readSigningKey } from './read-signing-key.js'
import type { Secret } from '@postern/ports'
import { hopByHop } from '@postern/protocol'
import { type Problem, problem } from './problem.js'
import type { Config } from './schema.js'
import { processesOf } from './workers-of.js'

/** Headers with a standard meaning, which `backend.identity.header` must not name. */
const taken = new Set([...hopByHop, 'host', 'cookie', 'authorization', 'content-length', 'content-type', 'origin', 'forwarded'])

/** Checks that `backend.identity` has a free header, a free path for its public keys, and a usable signing key. */
export function checkBackend(config: Config, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  const { backend, mount } = config
  const identity = backend?.identity
  if (identity === undefined) return
  const name = identity.header.toLowerCase()
  if (taken.has(name) || name.startsWith('x-forwarded-'))
    problems.push(
      problem('backend.identity.header', 'is a header with a meaning of its own.', 'Write a name of your own, such as Postern-Identity.'),
    )
  if (identity.jwks === mount || identity.jwks.startsWith(`${mount}/`))
    problems.push(problem('backend.identity.jwks', `lies under ${mount}, where the API is.`, 'Write a path elsewhere.'))
  const key = secrets.get('backend.identity.key')
  if (key !== undefined && readSigningKey(key) === undefined)
    problems.push(problem('backend.identity.key', 'is not an Ed25519 private key.', 'Make one with: openssl genpkey -algorithm ed25519'))
  if (identity.key === undefined && processesOf(config) > 1)
    problems.push(
      problem(
        'backend.identity.key',
        'is missing, and each process (replicas, listen.workers) would sign with a key of its own.',
        'Write key: { file: PATH }; make one with: openssl genpkey -algorithm ed25519',
      ),
    )
}
