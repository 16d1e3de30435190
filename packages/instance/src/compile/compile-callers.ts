import { type Assertions, createAssertions } from '../assertion/assertions.js'
import { createAssertionSigner, openSigningKey } from '../assertion/sign-assertion.js'
import type { BrowserAccess } from '../doors/browser-access.js'
import type { CompileOptions } from './compile-options.js'
import { type CheckedConfig, type Config, processesOf, sessionSecrets } from '@postern/config'
import { type NoteEnded, openDispatchers } from '@postern/core'
import {
  createAnonymousVerifier,
  askForSign,
  createAskBackend,
  createForwardAuthVerifier,
  createIdentify,
  createJwtVerifier,
  createKeySet,
  createKnownAnswers,
  createNonces,
  createProofs,
  createRevocations,
  createSameSiteCheck,
  createServiceVerifier,
  createSessionEndpoint,
  createSessionTrade,
  createSessionVerifier,
  createSignSession,
  createUnsettled,
  fetchKeySet,
  watchIssuer,
  ForgottenProofs,
  type ForwardAuth,
  type JwtIssuer,
  type KeySet,
  type Proofs,
  readBackendCredential,
  type Revocations,
  type SessionEndpoint,
  type SignSession,
  type Verifier,
} from '@postern/identity'
import { type Counters, describeProxy, type PublicAddress, type Uses, type Witness } from '@postern/ports'
import type { CheckArrival } from '../doors/check-arrival.js'
import type { Runtime } from '../runtime.js'
import { defaultCacheMs } from './defaults.js'

/** Opens the key set at a URL, or takes the one that another runtime uses. @param everyMs How often it is probed. Default: never. */
type OpenKeySet = (url: string, everyMs?: number) => KeySet

function shareKeySets({ proxyOf }: CheckedConfig, uses: Uses, witness: Witness): OpenKeySet {
  return (text, everyMs) => {
    const url = new URL(text)
    const { keys } = uses.inherit(
      'key set',
      [text, describeProxy(proxyOf(url)), everyMs ?? null],
      () => {
        const dispatchers = openDispatchers(proxyOf)
        const dispatcher = dispatchers.to(url)
        const ask = (signal: AbortSignal): Promise<unknown> => fetchKeySet(url, dispatcher, signal)
        const availability = watchIssuer(url.origin + url.pathname, witness, { ask, everyMs })
        return { keys: createKeySet(url, dispatcher, availability), dispatchers, availability }
      },
      ({ dispatchers, availability }) => {
        availability.close()
        return dispatchers.close()
      },
    )
    return keys
  }
}

function compileIssuer(
  { jwks, probe, clockSkew, ...issuer }: NonNullable<Config['callers']['jwt']>[number],
  openKeySet: OpenKeySet,
): JwtIssuer {
  return { ...issuer, keys: openKeySet(jwks, probe), clockSkewMs: clockSkew }
}

/** Parts that the verifiers share. */
export interface IdentityParts {
  readonly counters: Counters
  readonly revocations: Revocations
  /** Verifiers of credentials in headers, which a caller sends itself; not of cookies, which a browser adds. */
  readonly tokens: readonly Verifier[]
  /** The verifier of the backend's cookies, which browsers add. */
  readonly forwardAuth: ForwardAuth | undefined
  readonly proofs: Proofs
  readonly sign: SignSession | undefined
  readonly browser: BrowserAccess
  readonly publicAddress: PublicAddress
  readonly networkOf: (address: string) => string
  /** The things that outlive this runtime. */
  readonly uses: Uses
}

export function compileIdentity(
  checked: CheckedConfig,
  { store, networkOf, witness = () => {} }: CompileOptions,
  browser: BrowserAccess,
  publicAddress: PublicAddress,
  uses: Uses,
): IdentityParts {
  const { config } = checked
  const { session, dpop } = config.callers
  const longestLifeMs = session?.maxTtl ?? 0
  // One for all runtimes: a session may live as long as the longest life that any of them has allowed.
  const revocations = uses.share('revocations', null, () => createRevocations(store.revocations, longestLifeMs))
  revocations.keepFor(longestLifeMs)
  const sessionKeys = sessionSecrets(checked)
  const [signing] = sessionKeys
  const forgotten = uses.share('forgotten proofs', null, () => new ForgottenProofs())
  forgotten.setWindow(dpop.window)
  const nonces = dpop.nonce && sessionKeys.length > 0 ? createNonces(sessionKeys) : undefined
  return {
    counters: store.counters,
    revocations,
    tokens: compileTokenVerifiers(checked, revocations, uses, witness),
    forwardAuth: compileForwardAuth(checked, { browser, publicAddress, networkOf, uses, witness }),
    proofs: createProofs({ seen: store.seen, windowMs: dpop.window, forgotten, nonces, publicAddress }),
    sign: signing === undefined ? undefined : createSignSession(signing),
    browser,
    publicAddress,
    networkOf,
    uses,
  }
}

/** Order: tokens (recognised by form), then service credentials (any text), then cookies, then anonymous. */
export function compileVerifiers(checked: CheckedConfig, parts: IdentityParts): readonly Verifier[] {
  const { anonymous } = checked.config.callers
  const verifiers = [...parts.tokens]
  if (parts.forwardAuth !== undefined) verifiers.push(parts.forwardAuth)
  if (anonymous !== undefined) {
    const { window: windowMs, ...rest } = anonymous
    const { counters, publicAddress, networkOf } = parts
    verifiers.push(createAnonymousVerifier({ ...rest, windowMs, counters, publicAddress, networkOf }))
  }
  return verifiers
}

/** A verifier that remembers tokens outlives a runtime only if all that decides about them is the same. */
function compileTokenVerifiers(checked: CheckedConfig, revocations: Revocations, uses: Uses, witness: Witness): readonly Verifier[] {
  const { config, ring, proxyOf } = checked
  const verifiers: Verifier[] = []
  const { session, jwt, service } = config.callers
  const openKeySet = shareKeySets(checked, uses, witness)
  const wayTo = (url: string): object | null => describeProxy(proxyOf(new URL(url)))
  if (session !== undefined) {
    const secrets = sessionSecrets(checked)
    const keys = session.jwks === undefined ? undefined : openKeySet(session.jwks)
    const { jwks, maxTtl: maxLifetimeMs } = session
    verifiers.push(
      uses.inherit(
        'sessions',
        [secrets.map((secret) => secret.fingerprint()), jwks, jwks === undefined ? null : wayTo(jwks), maxLifetimeMs],
        () => createSessionVerifier({ secrets, keys, maxLifetimeMs, revocations }),
      ),
    )
  }
  if (jwt !== undefined) {
    const issuers = jwt.map((issuer) => compileIssuer(issuer, openKeySet))
    verifiers.push(uses.inherit('tokens of issuers', [jwt, jwt.map(({ jwks }) => wayTo(jwks))], () => createJwtVerifier(issuers)))
  }
  if (service !== undefined) verifiers.push(createServiceVerifier(ring, new Map(Object.entries(service.principals))))
  return verifiers
}

/** Not counted: on backend paths a wrong token may be meant for the backend. */
const notCounted = { count: () => Promise.resolve(0), close: () => {} }

export function compileAssertions(
  checked: CheckedConfig,
  parts: IdentityParts & { readonly checkArrival: CheckArrival },
  runtime: () => Runtime,
): Assertions | undefined {
  const identity = checked.config.backend?.identity
  if (identity === undefined) return undefined
  const { header, jwks: path, audience, ttl: ttlMs } = identity
  const { proofs, publicAddress, uses } = parts
  const secret = checked.secrets.get('backend.identity.key')
  const key = uses.share('signing key', secret?.fingerprint(), () => openSigningKey(secret))
  const signer = createAssertionSigner({ key, audience, ttlMs })
  const identify = createIdentify({
    verifiers: parts.tokens,
    proofs,
    failedAttempts: notCounted,
    publicAddress,
    read: readBackendCredential,
  })
  return createAssertions({ header, path, signer, checkArrival: parts.checkArrival, identify }, runtime)
}

/** The backend's answers about cookies outlive a runtime only if they would be asked for, and used, in the same way. */
function compileForwardAuth(
  { config, proxyOf }: CheckedConfig,
  {
    browser,
    publicAddress,
    networkOf,
    uses,
    witness,
  }: Pick<IdentityParts, 'browser' | 'publicAddress' | 'networkOf' | 'uses'> & {
    readonly witness: Witness
  },
): ForwardAuth | undefined {
  const { forwardAuth } = config.callers
  if (forwardAuth === undefined) return undefined
  const usual = processesOf(config) > 1 ? defaultCacheMs.beside : defaultCacheMs.alone
  const { url, timeout, cache = usual, cookies, passHeaders, claims, answerHeaders } = forwardAuth
  // Which cookies are about to change is one for all runtimes: it holds whatever is configured since.
  const unsettled = uses.share('unsettled cookies', null, createUnsettled)
  const settings = [url, claims, answerHeaders, passHeaders, cookies, cache]
  const known = uses.inherit("answers about the backend's cookies", settings, () => createKnownAnswers(unsettled))
  const { dispatchers, availability } = uses.share(
    'ways to who knows the cookies',
    url,
    () => {
      const opened = openDispatchers(proxyOf)
      const ask = (signal: AbortSignal): Promise<unknown> => askForSign(url, opened, signal)
      return { dispatchers: opened, availability: watchIssuer('forwardAuth', witness, { ask }) }
    },
    (unused) => {
      unused.availability.close()
      return unused.dispatchers.close()
    },
  )
  return createForwardAuthVerifier({
    askBackend: createAskBackend({ url, timeoutMs: timeout, dispatchers, availability, claims, answerHeaders }),
    checkSameSite: createSameSiteCheck(browser, publicAddress),
    known,
    cookies,
    passHeaders,
    cacheMs: cache,
    waitMs: timeout,
    networkOf: (arrival) =>
      arrival.connections === undefined ? networkOf(publicAddress.clientOf(arrival)) : arrival.connections.addressOf(arrival),
  })
}

export function compileSessionEndpoint(
  { callers }: Config,
  { revocations, counters, proofs, sign }: IdentityParts,
  noteEnded: NoteEnded,
): SessionEndpoint | undefined {
  const { session } = callers
  if (session === undefined) return undefined
  const { ttl, maxTtl, exchange } = session
  const inSeconds = { ttlSeconds: Math.ceil(ttl / 1000), longestSeconds: Math.floor(maxTtl / 1000) }
  const limits = exchange === 'off' ? undefined : { limit: exchange.limit, windowMs: exchange.window }
  const give =
    sign === undefined || limits === undefined ? undefined : createSessionTrade({ sign, proofs, counters, ...inSeconds, ...limits })
  return createSessionEndpoint(revocations, give, noteEnded)
}
