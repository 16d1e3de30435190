import type { Dialects } from '@postern/gateways'
import { type Problem, problem } from './problem.js'
import type { Proxies } from './proxies.js'
import type { Config } from './schema.js'

/** Checks that the proxy variables hold usable addresses, for every URL of a gateway or issuer that they apply to. */
export function checkProxies({ gateways, callers }: Config, dialects: Dialects, proxies: Proxies, problems: Problem[]): void {
  const addresses = [
    ...Object.values(gateways).map(({ baseURL, dialect }) => baseURL ?? dialects[dialect]?.baseURL),
    ...(callers.jwt ?? []).map(({ jwks }) => jwks),
    callers.session?.jwks,
  ]
  const faults = addresses.flatMap((address) => (address === undefined ? [] : [proxies.faultOf(new URL(address))]))
  for (const variable of new Set(faults)) {
    if (variable === undefined) continue
    problems.push(
      problem(
        variable,
        'is no address of a proxy that can be asked.',
        'Set it to one like http://proxy.example.com:3128, or name the hosts that need none in NO_PROXY.',
      ),
    )
  }
}
