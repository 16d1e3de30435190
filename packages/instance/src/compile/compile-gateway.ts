import { type CheckedConfig, type Config, workersOf } from '@postern/config'
import type { Gateway, GatewayTimeouts } from '@postern/core'
import { compileEndpoints, createEndpointTable, type Dialect } from '@postern/gateways'
import { defaultLongestWaitMs } from './defaults.js'

/** Compiles one gateway of a configuration. */
export function compileGateway(name: string, settings: Config['gateways'][string], { config, dialects, proxyOf }: CheckedConfig): Gateway {
  const dialect = dialects[settings.dialect] as Dialect
  const url = new URL((settings.baseURL ?? dialect.baseURL) as string)
  const basePath = pathOf(url)
  const defaultPath = dialect.baseURL === undefined ? '' : pathOf(new URL(dialect.baseURL))
  return {
    name,
    dialect,
    endpoints: createEndpointTable(compileEndpoints(dialect, settings.endpoints)),
    origin: url.origin,
    proxy: proxyOf(url),
    basePath,
    rootPath: basePath.endsWith(defaultPath) ? basePath.slice(0, basePath.length - defaultPath.length) : undefined,
    attempts: settings.attempts ?? dialect.retries.attempts,
    addressLimit: compileAddressLimit(settings.addressLimit, dialect, workersOf(config)),
    endMark: settings.endMark ?? dialect.endMark ?? 'required',
    asksForUsage: settings.streamUsage === undefined ? dialect.streamUsage === 'asked' : settings.streamUsage === 'ask',
    timeouts: compileTimeouts(settings.timeouts),
    passHeaders: settings.passHeaders ?? [],
  }
}

/** How long a client may read nothing of an answer, in milliseconds; less if the gateway's `timeouts.idle` is less. */
const maxUnreadMs = 120_000

function compileTimeouts({ connect, headers, idle, firstEvent, hold }: Config['gateways'][string]['timeouts']): GatewayTimeouts {
  return {
    connectMs: connect,
    headersMs: headers,
    idleMs: idle,
    firstEventMs: firstEvent,
    holdMs: hold,
    unreadMs: Math.min(idle, maxUnreadMs),
  }
}

function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '')
}

/** @param workers How many processes call from the same address: each has its share of what the gateway allows. */
function compileAddressLimit(
  settings: Config['gateways'][string]['addressLimit'],
  dialect: Dialect,
  workers: number,
): Gateway['addressLimit'] {
  if (settings === 'off') return undefined
  const burst = settings?.burst ?? dialect.addressLimit?.burst
  const perMinute = settings?.perMinute ?? dialect.addressLimit?.perMinute
  if (burst === undefined || perMinute === undefined) return undefined
  const shareOf = (whole: number): number => Math.max(1, Math.floor(whole / workers))
  return { burst: shareOf(burst), perMinute: shareOf(perMinute), longestWaitMs: settings?.longestWait ?? defaultLongestWaitMs }
}
