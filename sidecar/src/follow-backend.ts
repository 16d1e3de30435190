import { createTrust } from '@postern/config'
import { type Backend, createBackend, currentRuntime, type Runtime, type Serving } from '@postern/instance'
import type { Witness } from '@postern/ports'

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
type Assertions = NonNullable<Runtime['assertions']>
type Cookies = NonNullable<Runtime['cookies']>

/**
 * Opens the backend, and another one when a setting changes that an open one depends on. Requests under way keep theirs, and
 * its connections are closed after the last of them.
 */
export function followBackend(instance: Serving, settings: Settings, witness: Witness | undefined): FollowedBackend {
  const opened = new Set<Backend>()
  let current = open(currentRuntime(instance), settings)

  function open(runtime: Runtime, { url, timeouts }: Settings) {
    const { connections, assertions, cookies, config } = runtime
    const backend = createBackend({
      url,
      isTrusted: createTrust(config.listen.trustedProxies),
      connections,
      assertions: assertions === undefined ? undefined : currentAssertions(instance, assertions),
      cookies: cookies === undefined ? undefined : currentCookies(instance),
      headersMs: timeouts.headers,
      witness,
      keepsAccess: () => currentRuntime(instance).config.log.access,
      redact: (text) => currentRuntime(instance).redact(text),
    })
    opened.add(backend)
    return { runtime, backend, dependsOn: dependencies(runtime), connections }
  }

  return {
    now() {
      const runtime = currentRuntime(instance)
      if (runtime === current.runtime) return current.backend
      const backend = runtime.config.backend as Settings
      const isSame = dependencies(runtime) === current.dependsOn && runtime.connections === current.connections
      if (isSame) current = { ...current, runtime }
      else {
        const { backend: replaced } = current
        void replaced.retire().then(() => opened.delete(replaced))
        current = open(runtime, backend)
      }
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

/** The assertions of the current runtime, under the header that the backend was opened with. */
function currentAssertions(instance: Serving, { header, path, jwks }: Assertions): Assertions {
  const now = (): Assertions | undefined => currentRuntime(instance).assertions
  return {
    header,
    path,
    jwks,
    hasCredential: (request) => now()?.hasCredential(request) === true,
    valueFor: (request) => now()?.valueFor(request),
    prepare: async (request) => now()?.prepare(request),
  }
}

/** What the current runtime remembers of the backend's cookies. */
function currentCookies(instance: Serving): Cookies {
  const now = (): Cookies | undefined => currentRuntime(instance).cookies
  return {
    keysOf: (header) => now()?.keysOf(header) ?? [],
    forget: (keys) => now()?.forget(keys),
    distinctive: (keys) => now()?.distinctive(keys) ?? [],
    unsettle: (keys) => now()?.unsettle(keys),
  }
}
