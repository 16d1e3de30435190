import type { Dialects } from '@postern/gateways'
import { addressesOfSources } from './key-source-addresses.js'
import { type Problem, problem, warning } from './problem.js'
import type { Proxies } from './proxies.js'
import type { Config } from './schema.js'

/** Checks that the proxy variables hold usable addresses, for every URL of a gateway, an issuer or a source of keys that they apply to. */
export function checkProxies(config: Config, dialects: Dialects, proxies: Proxies, problems: Problem[]): void {
  const { gateways, callers } = config
  const addresses = [
    ...Object.values(gateways).map(({ baseURL, dialect }) => baseURL ?? dialects[dialect]?.baseURL),
    ...(callers.jwt ?? []).map(({ jwks }) => jwks),
    callers.session?.jwks,
    ...addressesOfSources(config),
  ]
  const targets = addresses.flatMap((address) => (address === undefined ? [] : [new URL(address)]))
  const faults = new Map(targets.flatMap((target) => proxies.faultOf(target) ?? []).map(({ variable, isSocks }) => [variable, isSocks]))
  for (const [variable, isSocks] of faults) {
    problems.push(
      problem(
        variable,
        isSocks ? 'names a SOCKS proxy, which Postern cannot ask.' : 'is no address of a proxy that can be asked.',
        'Set it to one like http://proxy.example.com:3128, or name the hosts that need none in NO_PROXY.',
      ),
    )
  }
  for (const variable of new Set(targets.flatMap((target) => proxies.unreadOf(target) ?? []))) {
    problems.push(
      warning(
        variable,
        'is not read, so gateways or issuers are asked without a proxy.',
        'Set HTTPS_PROXY to an HTTP proxy, and HTTP_PROXY for http addresses; or name the hosts that need none in NO_PROXY.',
      ),
    )
  }
}
