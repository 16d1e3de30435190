import type { RingEntry, Secret } from '@postern/ports'
import { isRingOfNobody, parseHashRing } from './hash-ring.js'
import { labelInRing } from './ring-label.js'
import { checkAdminCredentials } from './check-admin-credentials.js'
import { isLoopback } from './is-loopback.js'
import type { Parts } from './lenient-sections.js'
import { type Problem, problem, warning } from './problem.js'
import type { Config } from './schema.js'
import { sessionSecretReferences } from './session-secrets.js'
import { processesOf } from './workers-of.js'

/** Minimum length of a secret of `callers.session`, in bytes (RFC 7518, 3.2). */
const shortestSessionSecret = 32

const addOne = 'Add a caller with "postern callers add".'

/** Checks the hash ring, and that its labels and `callers.service.principals` match. Returns the ring's entries. */
export function checkService(parts: Parts, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): readonly RingEntry[] {
  const text = secrets.get('callers.service.hashes')
  if (parts.service === undefined || text === undefined) return []
  const { entries, problems: found } = parseHashRing(text.reveal())
  for (const { position, label, reason, fix } of found) {
    problems.push(problem('callers.service.hashes', `entry ${position}${label === undefined ? '' : ` ("${label}")`} ${reason}.`, fix))
  }
  if (entries.length === 0 && found.length === 0)
    problems.push(
      isRingOfNobody(text.reveal())
        ? warning('callers.service.hashes', 'says that there is nobody, so every service caller is refused.', addOne)
        : problem('callers.service.hashes', 'holds no entry.', `${addOne} For a ring without callers write the word nobody.`),
    )
  for (const entry of entries) {
    if (entry.until === undefined || entry.until > Date.now()) continue
    const former = labelInRing(entry)
    problems.push(
      warning('callers.service.hashes', `has "${former}", whose time is over.`, `Take it out: postern callers remove ${former}`),
    )
  }
  const labels = new Set(entries.map(({ label }) => label))
  const faulty = new Set(found.map(({ label }) => label))
  for (const label of Object.keys(parts.service.principals)) {
    if (labels.has(label) || faulty.has(label)) continue
    problems.push({
      ...problem(
        `callers.service.principals.${label}`,
        'has no credential in the ring, so nobody can be this caller.',
        'Add one with "postern callers add", or remove the principal.',
      ),
      severity: 'warning',
    })
  }
  for (const label of labels) {
    if (Object.hasOwn(parts.service.principals, label)) continue
    problems.push({
      ...problem(
        'callers.service.principals',
        `does not say who "${label}" is, so only a default binding can give that caller a key.`,
        `Write ${label}: { team: … }.`,
      ),
      severity: 'warning',
    })
  }
  return entries
}

/** Minimum length of `admin.secret`, in characters. */
const shortestAdminSecret = 24

/** Checks that the admin listener's secret is long enough and fits into a header, and its credentials; warns of a port without either. */
export function checkAdmin(parts: Parts, secrets: ReadonlyMap<string, Secret>, ring: readonly RingEntry[], problems: Problem[]): void {
  const { admin } = parts
  if (admin !== undefined && 'port' in admin && admin.secret === undefined && admin.credentials === undefined)
    problems.push(
      warning(
        'admin',
        'listens on a port and has no secret, so it refuses to mint and to revoke.',
        'Write secret: { env: NAME } beside the port, or a socket in its place.',
      ),
    )
  const secret = secrets.get('admin.secret')?.reveal()
  checkAdminCredentials(parts, secret, ring, problems)
  if (secret === undefined || (secret.length >= shortestAdminSecret && /^[\x21-\x7e]+$/.test(secret))) return
  problems.push(
    problem(
      'admin.secret',
      `is not ${shortestAdminSecret} or more visible characters without spaces.`,
      "Make one with: node -e \"console.log(require('crypto').randomBytes(24).toString('base64url'))\"",
    ),
  )
}

/** Checks that session tokens minted with these settings would be accepted. */
export function checkSession({ session }: Parts, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  if (session !== undefined && session.ttl > session.maxTtl) {
    problems.push(
      problem(
        'callers.session.ttl',
        'is longer than callers.session.maxTtl, so such tokens would be refused.',
        'Write a shorter time, or a longer maxTtl.',
      ),
    )
  }
  const references = sessionSecretReferences(session)
  if (session !== undefined && references.length === 0 && session.jwks === undefined) {
    problems.push(
      problem(
        'callers.session',
        'does not say how its tokens are signed.',
        'Write secret: { env: NAME }, or jwks: the address of the public keys of whoever signs them.',
      ),
    )
  }
  if (session?.secret !== undefined && session.secrets !== undefined)
    problems.push(
      problem(
        'callers.session.secrets',
        'stands beside callers.session.secret.',
        'Write one of the two: secret; or secrets, with the one that signs as the first.',
      ),
    )
  const paths = new Map<string, string>()
  for (const [path] of references) {
    const secret = secrets.get(path)
    if (secret === undefined) continue
    const earlier = paths.get(secret.fingerprint())
    if (earlier !== undefined) problems.push(problem(path, `is the same secret as ${earlier}.`, 'Leave one of them out.'))
    else paths.set(secret.fingerprint(), path)
    if (Buffer.byteLength(secret.reveal()) < shortestSessionSecret)
      problems.push(
        problem(
          path,
          `is shorter than ${shortestSessionSecret} bytes.`,
          "Make one with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64url'))\"",
        ),
      )
  }
}

/** Checks that `callers` has a way to identify callers, and that each way is safe. */
export function checkCallers(config: Config, problems: Problem[]): void {
  const { callers, listen } = config
  const { session, jwt, forwardAuth, service, anonymous, dpop } = callers
  if ([session, jwt, forwardAuth, service, anonymous].every((way) => way === undefined)) {
    problems.push(
      problem(
        'callers',
        'names no way to prove who is calling, so everybody is refused.',
        'Write callers.service, callers.session, callers.jwt or callers.forwardAuth.',
      ),
    )
  }
  if (session?.jwks !== undefined) checkKeySetUrl('callers.session.jwks', session.jwks, problems)
  if (dpop.nonce && sessionSecretReferences(session).length === 0)
    problems.push(
      problem('callers.dpop.nonce', 'needs callers.session.secret, which nonces are made with.', 'Write one, or leave nonces out.'),
    )
  if (forwardAuth !== undefined && !forwardAuth.url.startsWith('unix:')) {
    const { protocol, hostname } = new URL(forwardAuth.url)
    if (protocol === 'http:' && !isLoopback(hostname)) {
      problems.push({
        ...problem(
          'callers.forwardAuth.url',
          'sends cookies over plain http, and believes what comes back.',
          'Write https, unless the network in between is yours alone.',
        ),
        severity: 'warning',
      })
    }
  }
  if (forwardAuth?.cache !== undefined && forwardAuth.cache > 0 && processesOf(config) > 1) {
    problems.push({
      ...problem(
        'callers.forwardAuth.cache',
        'lets each process go by what it heard of a cookie, also after another one has seen who signs in, out or over to another team.',
        'Write 0s, or leave it out.',
      ),
      severity: 'warning',
    })
  }
  if (anonymous !== undefined && listen.hosts.length === 0) {
    problems.push({
      ...problem(
        'callers.anonymous',
        'lets pages of any site in that make a name of theirs lead here.',
        'Write listen.hosts: the names by which browsers call this process.',
      ),
      severity: 'warning',
    })
  }
  if (anonymous !== undefined && anonymous.user === undefined && anonymous.team === undefined && anonymous.project === undefined)
    problems.push(
      problem(
        'callers.anonymous',
        'does not say who such callers are.',
        'Name a user, team or project that bindings and policies can speak of.',
      ),
    )
}

/** Checks that public keys are fetched over https, or from this machine. */
function checkKeySetUrl(path: string, text: string, problems: Problem[]): void {
  const url = new URL(text)
  if (url.username !== '' || url.password !== '')
    problems.push(problem(path, 'holds a user or a password.', 'Public keys need none; leave it out.'))
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    problems.push(problem(path, 'would fetch keys over plain http, where anybody on the way could replace them.', 'Write https.'))
}

/** Checks that no issuer is configured twice and that its keys are fetched safely; warns of several issuers without `teams`. */
export function checkIssuers({ callers }: Config, problems: Problem[]): void {
  const seen = new Set<string>()
  const several = (callers.jwt ?? []).length > 1
  for (const [index, { issuer, jwks, teams }] of (callers.jwt ?? []).entries()) {
    const path = `callers.jwt[${index}]`
    if (several && teams === undefined) {
      problems.push({
        ...problem(
          path,
          'is one of several issuers and may speak for every team, the others’ included.',
          'Write teams: those that it speaks for.',
        ),
        severity: 'warning',
      })
    }
    if (seen.has(issuer)) problems.push(problem(`${path}.issuer`, 'is configured already.', 'Keep one entry for each issuer.'))
    seen.add(issuer)
    checkKeySetUrl(`${path}.jwks`, jwks, problems)
  }
}
