import { type Assertions, createAssertions } from './assertion/assertions.js'
import { createAssertionSigner } from './assertion/sign-assertion.js'
import type { BrowserAccess } from './browser-access.js'
import type { CompileOptions } from './compile.js'
import type { CheckedConfig } from './config/check-config.js'
import type { Config } from './config/schema.js'
import type { CheckArrival } from './doors/check-arrival.js'
import { createAnonymousVerifier } from './identify/anonymous-verifier.js'
import { createAskBackend } from './identify/forward-auth/ask-backend.js'
import { createForwardAuthVerifier, type ForwardAuth } from './identify/forward-auth/forward-auth.js'
import { createIdentify } from './identify/identify.js'
import { createJwtVerifier, type JwtIssuer } from './identify/jwt-verifier.js'
import { createProofs, type Proofs } from './identify/proof/proof.js'
import { createNonces } from './identify/proof/nonces.js'
import { createSameSiteCheck } from './identify/same-site.js'
import { createServiceVerifier } from './identify/service-verifier.js'
import { createSessionVerifier } from './identify/session-verifier.js'
import type { Verifier } from './identify/verifier.js'
import { readBackendCredential } from './identify/read-credential.js'
import { openDispatchers, type Dispatchers } from './open-dispatchers.js'
import { readBody } from './read/read-body.js'
import { readJsonObject } from './read/strict-json.js'
import type { PublicAddress } from './public-address.js'
import { createSessionEndpoint, type SessionEndpoint } from './session/session-endpoint.js'
import { createSessionTrade } from './session/session-trade.js'
import { createSignSession, type SignSession } from './session/sign-session.js'
import { createRevocations, type Revocations } from './store/revocations.js'
import type { Runtime } from './runtime.js'
import type { Store } from './store/store.js'

function compileIssuer({ jwks, clockSkew, ...issuer }: NonNullable<Config['callers']['jwt']>[number], dispatchers: Dispatchers): JwtIssuer {
  const url = new URL(jwks)
  return { ...issuer, jwks: url, dispatcher: dispatchers.to(url), clockSkewMs: clockSkew }
}

/** Parts that the verifiers share. */
export interface IdentityParts {
  readonly store: Store
  readonly dispatchers: Dispatchers
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
}

export function compileIdentity(
  checked: CheckedConfig,
  { store, networkOf }: CompileOptions,
  browser: BrowserAccess,
  publicAddress: PublicAddress,
): IdentityParts {
  const { config, secrets } = checked
  const { session, dpop } = config.callers
  const dispatchers = openDispatchers(checked.proxyOf)
  const revocations = createRevocations(store, session?.maxTtl ?? 0)
  const secret = secrets.get('callers.session.secret')
  const nonces = dpop.nonce && secret !== undefined ? createNonces(secret) : undefined
  return {
    store,
    dispatchers,
    revocations,
    tokens: compileTokenVerifiers(checked, revocations, dispatchers),
    forwardAuth: compileForwardAuth(config, { dispatchers, browser, publicAddress, networkOf }),
    proofs: createProofs({ store, windowMs: dpop.window, nonces, publicAddress }),
    sign: secret === undefined ? undefined : createSignSession(secret),
    browser,
    publicAddress,
    networkOf,
  }
}

/** Order: tokens (recognised by form), then service credentials (any text), then cookies, then anonymous. */
export function compileVerifiers(checked: CheckedConfig, parts: IdentityParts): readonly Verifier[] {
  const { anonymous } = checked.config.callers
  const verifiers = [...parts.tokens]
  if (parts.forwardAuth !== undefined) verifiers.push(parts.forwardAuth)
  if (anonymous !== undefined) {
    const { window: windowMs, ...rest } = anonymous
    const { store, publicAddress, networkOf } = parts
    verifiers.push(createAnonymousVerifier({ ...rest, windowMs, store, publicAddress, networkOf }))
  }
  return verifiers
}

function compileTokenVerifiers(
  { config, secrets, ring }: CheckedConfig,
  revocations: Revocations,
  dispatchers: Dispatchers,
): readonly Verifier[] {
  const verifiers: Verifier[] = []
  const { session, jwt, service } = config.callers
  if (session !== undefined) {
    const jwks = session.jwks === undefined ? undefined : new URL(session.jwks)
    verifiers.push(
      createSessionVerifier({
        secret: secrets.get('callers.session.secret'),
        jwks: jwks === undefined ? undefined : { url: jwks, dispatcher: dispatchers.to(jwks) },
        maxLifetimeMs: session.maxTtl,
        revocations,
      }),
    )
  }
  if (jwt !== undefined) verifiers.push(createJwtVerifier(jwt.map((issuer) => compileIssuer(issuer, dispatchers))))
  if (service !== undefined) verifiers.push(createServiceVerifier(ring, new Map(Object.entries(service.principals))))
  return verifiers
}

/** Not counted: on backend paths a wrong token may be meant for the backend. */
const notCounted = { count: () => Promise.resolve(0) }

export function compileAssertions(
  checked: CheckedConfig,
  parts: IdentityParts & { readonly checkArrival: CheckArrival },
  runtime: () => Runtime,
): Assertions | undefined {
  const identity = checked.config.backend?.identity
  if (identity === undefined) return undefined
  const { header, jwks: path, audience, ttl: ttlMs } = identity
  const signer = createAssertionSigner({ key: checked.secrets.get('backend.identity.key'), audience, ttlMs })
  const { proofs, publicAddress } = parts
  const identify = createIdentify({
    verifiers: parts.tokens,
    proofs,
    failedAttempts: notCounted,
    publicAddress,
    read: readBackendCredential,
  })
  return createAssertions({ header, path, signer, checkArrival: parts.checkArrival, identify }, runtime)
}

/** Default of `callers.forwardAuth.cache`, in milliseconds: 0 with several replicas, since they do not tell each other of changes. */
const defaultCacheMs = { alone: 1000, beside: 0 }

function compileForwardAuth(
  { callers, replicas }: Config,
  { dispatchers, browser, publicAddress, networkOf }: Pick<IdentityParts, 'dispatchers' | 'browser' | 'publicAddress' | 'networkOf'>,
): ForwardAuth | undefined {
  if (callers.forwardAuth === undefined) return undefined
  const usual = replicas > 1 ? defaultCacheMs.beside : defaultCacheMs.alone
  const { url, timeout, cache = usual, cookies, passHeaders, claims, answerHeaders } = callers.forwardAuth
  return createForwardAuthVerifier({
    askBackend: createAskBackend({ url, timeoutMs: timeout, dispatchers, claims, answerHeaders }),
    checkSameSite: createSameSiteCheck(browser, publicAddress),
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
  { revocations, store, proofs, sign }: IdentityParts,
): SessionEndpoint | undefined {
  const { session } = callers
  if (session === undefined) return undefined
  const { ttl, maxTtl, exchange } = session
  const inSeconds = { ttlSeconds: Math.ceil(ttl / 1000), longestSeconds: Math.floor(maxTtl / 1000) }
  const limits = exchange === 'off' ? undefined : { limit: exchange.limit, windowMs: exchange.window }
  const give =
    sign === undefined || limits === undefined
      ? undefined
      : createSessionTrade({ sign, proofs, store, ...inSeconds, ...limits, readBody, readObject: readJsonObject })
  return createSessionEndpoint(revocations, give)
}
