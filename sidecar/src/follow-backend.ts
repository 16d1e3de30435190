import { type Backend, createBackend, createTrust, currentRuntime, type Serving, type Log, type Runtime } from '@postern/core'

/** The backend of the configuration that is in use. */
export interface FollowedBackend {
  /** The backend for a request that begins now. */
  now(): Backend
  /** Refuses every request that waits for its answer's head. */
  cut(): void
  /** Closes the connections to every backend that was in use. */
  close(): void
}

type Settings = NonNullable<Runtime['config']['backend']>

/**
 * Opens the backend, and another one when a setting changes that an open one depends on. Requests under way keep theirs;
 * its idle connections end by themselves.
 */
export function followBackend(instance: Serving, settings: Settings, log: Log | undefined): FollowedBackend {
  const opened = new Set<Backend>()
  let current = open(currentRuntime(instance), settings)

  function open(runtime: Runtime, { url, timeouts }: Settings) {
    const { connections, assertions, cookies, config } = runtime
    const backend = createBackend({
      url,
      isTrusted: createTrust(config.listen.trustedProxies),
      connections,
      assertions: assertions === undefined ? undefined : { ...assertions, ...currentAssertions(instance, assertions) },
      cookies: cookies === undefined ? undefined : currentCookies(instance, cookies),
      headersMs: timeouts.headers,
      log,
    })
    opened.add(backend)
    return { runtime, backend, dependsOn: dependencies(runtime), connections }
  }

  return {
    now() {
      const runtime = currentRuntime(instance)
      if (runtime === current.runtime) return current.backend
      const { backend } = runtime.config
      const isSame = backend === undefined || (dependencies(runtime) === current.dependsOn && runtime.connections === current.connections)
      current = isSame ? { ...current, runtime } : open(runtime, backend)
      return current.backend
    },
    cut() {
      for (const backend of opened) backend.cut()
    },
    close() {
      for (const backend of opened) backend.close()
    },
  }
}

/** What an open backend cannot change; it asks the current runtime for everything else. */
function dependencies({ config: { backend, listen }, assertions, cookies }: Runtime): string {
  return JSON.stringify([
    backend?.url,
    backend?.timeouts,
    backend?.connections,
    listen.trustedProxies,
    assertions?.header,
    cookies !== undefined,
  ])
}

function currentAssertions(instance: Serving, first: NonNullable<Runtime['assertions']>) {
  const now = () => currentRuntime(instance).assertions ?? first
  return {
    hasCredential: (request) => now().hasCredential(request),
    valueFor: (request) => now().valueFor(request),
    prepare: (request) => now().prepare(request),
  } satisfies Partial<NonNullable<Runtime['assertions']>>
}

function currentCookies(instance: Serving, first: NonNullable<Runtime['cookies']>): NonNullable<Runtime['cookies']> {
  const now = () => currentRuntime(instance).cookies ?? first
  return {
    keysOf: (header) => now().keysOf(header),
    forget: (keys) => now().forget(keys),
    distinctive: (keys) => now().distinctive(keys),
    unsettle: (keys) => now().unsettle(keys),
  }
}
