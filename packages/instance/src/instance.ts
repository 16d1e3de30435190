import { type CheckedConfig, ConfigError } from '@postern/config'
import type { Change } from './changes/change.js'
import { changesBetween } from './changes/changes.js'
import type { CompileOptions } from './compile/compile-options.js'
import { compile } from './compile/compile.js'
import { fixedSettingsChanged } from './changes/fixed-settings.js'
import type { Instance, Runtime } from './runtime.js'
import { UsagePool } from './usage-pool.js'

/** A running Postern, whose configuration can be replaced. */
export interface ReplaceableInstance extends Instance {
  /** The configuration that new requests are served with. */
  readonly checked: CheckedConfig
  /**
   * Takes another configuration, whole or not at all. Requests that begin from now on are served with it; those under way end
   * as they began. Connections, queues, key sets and caches whose settings are equal stay the same; the others are closed
   * after their last call.
   *
   * @returns What is different now.
   * @throws {ConfigError} if a setting differs that cannot change while the process runs; also the errors of `compile`. Then
   *   nothing has changed.
   */
  replace(next: CheckedConfig): readonly Change[]
  /** As {@link Runtime.drain}, also for calls that began with an earlier configuration. */
  drain(): void
  /** As {@link Runtime.cut}, also for calls that began with an earlier configuration. */
  cut(): void
  /** As {@link Runtime.close}, also for calls that began with an earlier configuration. */
  close(): Promise<void>
}

/** What an instance needs besides its configuration. */
export interface InstanceOptions extends Omit<CompileOptions, 'pool' | 'replaces'> {
  /** Whether listeners of Postern's own serve it, whose settings cannot change. Default `false`: the application's serve it. */
  readonly hasListeners?: boolean | undefined
}

/** Compiles a checked configuration into an instance. Call `close` at the end. */
export function createInstance(checked: CheckedConfig, { hasListeners = false, ...options }: InstanceOptions): ReplaceableInstance {
  const pool = new UsagePool()
  let current = { checked, runtime: compile(checked, { ...options, pool }) }
  /** Runtimes that were replaced and have calls under way. */
  const retiring = new Map<Runtime, Promise<void>>()

  function retire(runtime: Runtime): void {
    const retired = runtime
      .retire()
      .catch((error: unknown) =>
        options.log?.('warn', 'connections of an earlier configuration could not be closed', { cause: String(error) }),
      )
      .finally(() => retiring.delete(runtime))
    retiring.set(runtime, retired)
  }

  return {
    get runtime() {
      return current.runtime
    },
    get checked() {
      return current.checked
    },
    replace(next) {
      const problems = fixedSettingsChanged(current.checked, next, hasListeners)
      if (problems.length > 0) throw new ConfigError(problems)
      const changes = changesBetween(current.checked, next)
      const { runtime: replaced } = current
      if (replaced.draining) throw new ConfigError([whileStopping])
      current = { checked: next, runtime: compile(next, { ...options, pool, replaces: current.checked }) }
      retire(replaced)
      return changes
    },
    drain() {
      for (const runtime of [current.runtime, ...retiring.keys()]) runtime.drain()
    },
    cut() {
      for (const runtime of [current.runtime, ...retiring.keys()]) runtime.cut()
    },
    async close() {
      current.runtime.drain()
      await Promise.all(retiring.values())
      await current.runtime.close()
    },
  }
}

const whileStopping = {
  severity: 'error',
  path: '',
  reason: 'cannot be taken while Postern stops.',
  fix: 'Start Postern with it.',
} as const
