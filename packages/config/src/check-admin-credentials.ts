import { hash } from 'node:crypto'
import type { RingEntry } from '@postern/ports'
import { exampleDigest } from './hash-ring.js'
import { makeCredential } from './admin-schemas.js'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem } from './problem.js'

/** Names that the audit gives to those who have no credential. */
const takenNames: ReadonlySet<string> = new Set(['admin', 'postern', 'signal', 'socket', 'watch'])

const reserved = `Give it the name of its program or person; reserved are ${[...takenNames].join(', ')}.`

/**
 * Reports a credential of the admin listener whose hash is also that of another credential, of `admin.secret` or of a service caller,
 * or is the example of a document, which everybody can read; a credential whose name is reserved; and one of a team that may do more
 * than read.
 *
 * @param secret The value of `admin.secret`.
 */
export function checkAdminCredentials({ admin }: Parts, secret: string | undefined, ring: readonly RingEntry[], problems: Problem[]): void {
  const owners = new Map<string, string>(ring.map(({ label, digest }) => [digest, `of the service caller "${label}"`]))
  if (secret !== undefined) owners.set(hash('sha256', secret), 'of admin.secret')
  for (const [name, { hash: digest, roles, team }] of Object.entries(admin?.credentials ?? {})) {
    const path = `admin.credentials.${name}`
    const owner = owners.get(digest)
    if (takenNames.has(name)) problems.push(problem(path, 'has a name that the audit gives to somebody else.', reserved))
    if (team !== undefined && roles.some((role) => role !== 'read'))
      problems.push(
        problem(`${path}.roles`, 'has more than read, and the credential is of one team.', 'Write roles: [read], or remove team.'),
      )
    if (digest === exampleDigest)
      problems.push(
        problem(`${path}.hash`, 'is the example digest of the documentation, which lets in anybody who says "test".', makeCredential),
      )
    else if (owner !== undefined)
      problems.push(problem(`${path}.hash`, `is also the hash ${owner}.`, `Give each its own. ${makeCredential}`))
    owners.set(digest, `of admin.credentials.${name}`)
  }
}
