import { compileEndpoints, createEndpointTable, type Dialect, dialects } from '@postern/gateways'
import type { Gateway, KeyLease } from '../../packages/core/src/resolve/route.js'

/** A gateway at no address, with the endpoints of a dialect and further ones: for tests of what is decided before a call leaves. */
export function plainGateway(dialect: Dialect = dialects.openai, opened: Parameters<typeof compileEndpoints>[1] = {}): Gateway {
  return {
    name: 'main',
    dialect,
    endpoints: createEndpointTable(compileEndpoints(dialect, opened)),
    origin: 'http://gateway.test',
    proxy: undefined,
    basePath: '/base/v1',
    rootPath: '/base',
    attempts: 1,
    addressLimit: undefined,
    endMark: 'optional',
    asksForUsage: false,
    timeouts: { connectMs: 1, headersMs: 1, idleMs: 1, firstEventMs: 1, holdMs: 1, unreadMs: 1 },
    passHeaders: [],
  }
}

/** A key of a gateway, without a secret: nothing that chooses a key may look at it. */
export function plainLease(alias: string, gateway: Gateway, mayStore = false): KeyLease {
  return { alias, gateway, mayStore } as KeyLease
}
