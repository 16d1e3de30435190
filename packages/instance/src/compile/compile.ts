import { type CheckedConfig, type Config, countedUnder, createTrust, titleOfLimit, workersOf } from '@postern/config'
import {
  compilePrices,
  createAccount,
  createConfirm,
  createAdoptTags,
  createCostEstimate,
  createEndedNote,
  createInterruptedNote,
  createForward,
  createLimitFinder,
  createMayCount,
  createKeyFinder,
  createObjectOpener,
  createObserve,
  createPolice,
  createPolicyFinder,
  createPreflightNote,
  createReserve,
  createResolve,
  createRetry,
  createTag,
  hstsHeader,
  type Journey,
  LedgerPace,
  type LimitRule,
  OpenList,
  type PolicyRule,
  type Pricing,
  Reservations,
} from '@postern/core'
import { createIdentify } from '@postern/identity'
import { createRedactor, cutAtShutdown, LiveSecrets, type Log, Refusal, searchedSecrets } from '@postern/ports'
import { headerNames } from '@postern/protocol'
import { type BrowserAccess, createBrowserAccess } from '../doors/browser-access.js'
import { closeUnused } from './close-unused.js'
import { compileGateway } from './compile-gateway.js'
import { compileKeys } from './compile-keys.js'
import { compileRing, createRingResolve } from './compile-ring.js'
import { compileAssertions, compileSessionEndpoint, compileIdentity, compileVerifiers } from './compile-callers.js'
import { fitBounds } from '../connections/bounds.js'
import { identifyInLine } from '../connections/identify-in-line.js'
import { createConnections } from '../connections/connections.js'
import { createCheckArrival } from '../doors/check-arrival.js'
import { createPublicAddress } from '../doors/read-public-address.js'
import { compileJoin } from './compile-join.js'
import type { CompileOptions } from './compile-options.js'
import { createLeasingResolve, Leases, secretsOfLeases } from './leases.js'
import { defaultMaxBodyBytes } from './defaults.js'
import { holdFormer } from './hold-former.js'
import type { Runtime } from '../runtime.js'
import { type OpenUses, UsagePool } from '../usage-pool.js'
import { InFlight } from '../in-flight.js'
import { Waits } from '../waits.js'

/**
 * Builds the runtime of a checked configuration. Unlike `checkConfig`, it opens connection pools and starts timers, so call
 * `Runtime.close` at the end.
 */
export function compile(checked: CheckedConfig, options: CompileOptions): Runtime {
  const { pool = new UsagePool(), replaces, ...others } = options
  const uses = pool.begin()
  try {
    // Closures of the runtime keep its options: the configuration from before, with its secrets, is not among them.
    const runtime = build(checked, others, uses, replaces)
    uses.complete()
    pool.succeed(uses)
    return runtime
  } catch (error) {
    // What was opened before it failed may be used by other runtimes.
    uses.release().catch((cause: unknown) => options.log?.('warn', 'closing what a configuration used failed', { cause: String(cause) }))
    throw error
  }
}

const dropLine: Log = () => {}

/** Sees at once to what a process left behind that died. */
function openReservations(
  budgets: ConstructorParameters<typeof Reservations>[0],
  { log = dropLine, ledger }: CompileOptions,
): Reservations {
  const opened = new Reservations(budgets, log, ledger)
  void opened.round()
  return opened
}

function build(checked: CheckedConfig, options: CompileOptions, uses: OpenUses, replaces: CheckedConfig | undefined): Runtime {
  const { config, secrets } = checked
  const gateways = new Map(Object.entries(config.gateways).map(([name, settings]) => [name, compileGateway(name, settings, checked)]))
  const leases = new Leases(checked, gateways)
  const live = uses.share('live secrets', null, () => new LiveSecrets())
  const { sources, states, witness } = compileKeys({ checked, gateways, uses, live, options, leases })
  const ring = compileRing({ checked, gateways, uses, live, ring: options.store.keyRing, log: options.log ?? dropLine })
  const findOwnKey = createKeyFinder(config.bindings, (alias) => leases.of(alias))
  const findKey = ring?.beside(findOwnKey) ?? findOwnKey
  const openObject = createObjectOpener({ [Symbol.iterator]: () => leases.known(sources)[Symbol.iterator]() })
  const findPolicy = createPolicyFinder(compileRules(config), defaultMaxBodyBytes)
  const browser = compileBrowser(config)
  const { trustedProxies } = config.listen
  const isTrusted = createTrust(trustedProxies)
  const publicAddress = createPublicAddress(trustedProxies.length === 0 ? undefined : isTrusted)
  const checkArrival = createCheckArrival({ hosts: config.listen.hosts, publicAddress, browser, log: options.log ?? dropLine })
  const bounds = fitBounds(config, workersOf(config))
  // One for all runtimes: what it knows of a connection must not be lost while the connection is open. Its settings are fixed.
  const connections = uses.share(
    'connections',
    null,
    () => createConnections({ bounds, isTrusted, publicAddress, networkOf: options.networkOf }),
    closeUnused,
  )
  const failedAttempts = uses.share(
    'failed attempts',
    config.failedAuthentication,
    () => options.countFailedAttempts(config.failedAuthentication),
    closeUnused,
  )
  const parts = compileIdentity(checked, options, browser, publicAddress, uses)
  const forwarding = createForward(
    [...gateways.values()],
    { keys: secretsOfLeases(checked), expected: secrets.size },
    (arrival) => publicAddress.originOf(arrival),
    uses,
    witness,
  )
  const { budgets } = options.store
  const limitRules = compileLimits(config)
  const findLimits = createLimitFinder(limitRules)
  const mayCount = createMayCount(limitRules)
  const pricing = compilePricing(checked)
  const reservations = uses.share('reservations', null, () => openReservations(budgets, options), closeUnused)
  const underWay = new InFlight()
  const liveCalls = uses.share('live calls', null, () => new OpenList<Journey>())
  const waits = new Waits()
  const redactor = createRedactor(searchedSecrets(secrets), 0, live)
  if (replaces !== undefined) holdFormer(replaces, checked, live, uses)
  const adoptTags = createAdoptTags(config.tags.agents)
  const noteEnded = createEndedNote({ ledger: options.ledger, redactor })
  const pace = new LedgerPace(options.ledger)
  let draining = false
  let isCut = false
  let retiring: Promise<void> | undefined
  let closing: Promise<void> | undefined

  const retire = (): Promise<void> => (retiring ??= underWay.none().then(() => uses.release()))

  async function close(): Promise<void> {
    draining = true
    await retire()
    await options.ledger.flush()
    await reservations.closeNotes()
    await options.store.close()
  }

  const resolve = createRingResolve(createLeasingResolve(findKey, sources, openObject, ring), ring)

  const identify = pace.slow(
    identifyInLine(
      createIdentify({ verifiers: compileVerifiers(checked, parts), proofs: parts.proofs, failedAttempts, publicAddress }),
      connections,
    ),
  )

  const runtime: Runtime = {
    rooms: {
      admit(arrival) {
        if (draining) throw new Refusal('draining', { retryAfterSeconds: 1, headers: ['Connection', 'close'] })
        checkArrival(arrival)
        adoptTags?.(arrival.headers)
      },
      wait: (promise, call) => waits.for(promise, call),
      follow: (principal) => parts.revocations.follow(principal),
      identify,
      resolve,
      confirm: createConfirm(
        identify,
        (...asked) => {
          const found = resolve(...asked)
          return found instanceof Promise ? waits.for(found) : found
        },
        () => retiring !== undefined,
      ),
      police: createPolice(
        findPolicy,
        (principal, { key, gateway }) =>
          principal.bounds?.maxSpend !== undefined || mayCount({ principal, key: key.alias, gateway: gateway.name }),
      ),
      tag: createTag(redactor, config.telemetry?.otlp === undefined ? '00' : '01'),
      join: compileJoin(checked, options, uses),
      reserve: createReserve({
        counters: options.store.counters,
        budgets,
        findLimits,
        reservations,
        pricing,
        writeNote: createInterruptedNote(redactor),
        witness,
      }),
      observe: createObserve(),
      forward: forwarding.forward,
      retry: createRetry(witness),
      account: createAccount({
        ledger: options.ledger,
        pace,
        witness,
        redactor,
        isCut: () => isCut,
        estimateCost: createCostEstimate(pricing.prices),
        clientOf: (request) => publicAddress.clientOf(request),
      }),
      witness,
    },
    sessionEndpoint: compileSessionEndpoint(config, parts, noteEnded),
    signSession: parts.sign,
    revocations: parts.revocations,
    assertions: compileAssertions(checked, { ...parts, checkArrival }, () => runtime),
    browser,
    redact: redactor.redact,
    refusedPreflight: createPreflightNote({ ledger: options.ledger, redactor }),
    noteEnded,
    publicAddress,
    cookies: parts.forwardAuth?.memory,
    connections,
    config,
    gateways,
    serviceCallers: checked.ring.length,
    findKey,
    findsKey: (principal) => ring?.pending(principal),
    findRoute: createResolve(findKey, openObject),
    keys: states,
    findPolicy,
    findLimits,
    pricing,
    budgets,
    drain() {
      draining = true
    },
    cut() {
      draining = true
      isCut = true
      forwarding.cut()
      waits.end(cutAtShutdown)
      connections.refuseBodies(cutAtShutdown())
    },
    get draining() {
      return draining
    },
    underWay,
    liveCalls,
    retire,
    close: () => (closing ??= close()),
  }
  return runtime
}

function compileBrowser({ browser: { origins, record, hsts }, callers }: Config): BrowserAccess {
  const { forwardAuth, session, jwt, service } = callers
  const delegates = Object.values(service?.principals ?? {}).some(({ delegate }) => delegate === true)
  const varies = [
    'Authorization',
    ...(session === undefined && jwt === undefined ? [] : ['DPoP']),
    ...(delegates ? [headerNames.actAs] : []),
    ...(forwardAuth === undefined ? [] : ['Cookie', 'Sec-Fetch-Site', ...new Set(forwardAuth.passHeaders)]),
  ]
  return createBrowserAccess({ origins, cookies: forwardAuth !== undefined, varies, record, hsts: hstsHeader(hsts) })
}

function compileRules({ policies }: Config): readonly PolicyRule[] {
  const { rules, ...everybody } = policies
  return [everybody, ...rules].map(({ body, ...rule }) => ({ ...rule, maxBodyBytes: body }))
}

function compilePricing({ config: { limits }, prices }: CheckedConfig): Pricing {
  return {
    prices: prices === undefined ? undefined : compilePrices(prices),
    unpriced: limits?.unpriced ?? 'refuse',
    unreported: limits?.unreported ?? 'assume',
  }
}

/** One rule for each unit that a rule of the configuration bounds. */
function compileLimits({ limits }: Config): readonly LimitRule[] {
  return (limits?.rules ?? []).flatMap((rule, index) => {
    const { requests, streams, tokens, spend, onUnavailable = limits?.onUnavailable ?? 'refuse' } = rule
    const shared = { ...rule, path: `limits.rules[${index}]`, countedUnder: countedUnder(rule), title: titleOfLimit(rule), onUnavailable }
    return [
      ...(requests === undefined ? [] : [{ ...shared, unit: 'requests' as const, limit: requests }]),
      ...(tokens === undefined ? [] : [{ ...shared, unit: 'tokens' as const, limit: tokens }]),
      ...(spend === undefined ? [] : [{ ...shared, unit: 'spend' as const, currency: spend.unit, limit: spend.amount }]),
      ...(streams === undefined ? [] : [{ ...shared, unit: 'streams' as const, limit: streams }]),
    ]
  })
}
