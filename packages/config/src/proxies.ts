import type { Proxy, ProxyOf } from '@postern/ports'
import { isNetwork, createTrust } from './trusted-peers.js'
import { isLoopback } from './is-loopback.js'

/** The proxies of the environment. As with curl, `http_proxy` counts before `HTTP_PROXY`. */
export interface Proxies {
  readonly proxyOf: ProxyOf
  /** The variable that applies to a URL and does not hold a proxy's address; `undefined`: no fault. */
  readonly faultOf: (target: URL) => ProxyFault | undefined
  /** `ALL_PROXY`, if a URL is connected to directly and other programs would use that proxy for it. */
  readonly unreadOf: (target: URL) => string | undefined
  /** Passwords of proxies, by their variable. */
  readonly passwords: ReadonlyMap<string, string>
}

/** A variable that names no proxy which can be asked. */
export interface ProxyFault {
  readonly variable: string
  readonly isSocks: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'] as const

/**
 * Reads the variables `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, if they are set.
 *
 * Uses `in`: an `env` that is a Proxy object, such as one for secrets, may return a value for every name, also for these.
 */
export function readProxies(environment: Environment): Proxies {
  return proxiesOf(proxyVariablesOf(environment))
}

/** The variables of an environment that name proxies. */
export type ProxyVariables = Readonly<Record<string, string | undefined>>

/** The variables that are read here, and no others: what is returned keeps them, and the others may hold secrets. */
export function proxyVariablesOf(env: Environment): ProxyVariables {
  const names = proxyVariables.flatMap((name) => [name.toLowerCase(), name]).filter((name) => name in env)
  return Object.fromEntries(names.map((name) => [name, env[name]]))
}

function proxiesOf(env: Environment): Proxies {
  const spelled = (name: string): string | undefined =>
    [name.toLowerCase(), name].find((spelling) => spelling in env && env[spelling] !== undefined && env[spelling].trim() !== '')
  const isExempt = readExemptions(env[spelled('NO_PROXY') ?? ''] ?? '')
  const variableFor = (target: URL): string | undefined =>
    isExempt(target) ? undefined : spelled(target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  const proxies = new Map(
    ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) => {
      const variable = spelled(name)
      return variable === undefined ? [] : [[variable, addressOf(env[variable] as string)] as const]
    }),
  )
  return {
    proxyOf(target) {
      const variable = variableFor(target) ?? ''
      const url = proxies.get(variable)
      return url === undefined ? undefined : proxyAt(url, variable)
    },
    faultOf(target) {
      const variable = variableFor(target)
      if (variable === undefined || proxies.get(variable) !== undefined) return undefined
      return { variable, isSocks: /^\s*socks/i.test(env[variable] as string) }
    },
    unreadOf: (target) => (isExempt(target) || variableFor(target) !== undefined ? undefined : spelled('ALL_PROXY')),
    passwords: new Map(
      [...proxies].flatMap(([variable, url]) => (url === undefined || url.password === '' ? [] : [[variable, passwordOf(url)]])),
    ),
  }
}

/** Parses a proxy's address. Without a scheme it is http; `undefined` if it is not an http or https URL. */
function addressOf(text: string): URL | undefined {
  const address = text.trim()
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`
  if (!URL.canParse(whole)) return undefined
  const url = new URL(whole)
  return /^https?:$/.test(url.protocol) ? url : undefined
}

function proxyAt(url: URL, variable: string): Proxy {
  const secure = url.protocol === 'https:'
  const credential = `${decode(url.username)}:${passwordOf(url)}`
  const headers = credential === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credential).toString('base64')}` }
  return { variable, secure, host: plainHost(url), port: Number(url.port) || (secure ? 443 : 80), headers: () => headers }
}

function passwordOf({ password }: URL): string {
  return decode(password)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Parses `NO_PROXY`: hosts with their subdomains, addresses, networks; a host may have a port; `*` matches everything.
 * Loopback addresses never use a proxy.
 */
function readExemptions(text: string): (target: URL) => boolean {
  const entries = text.split(/[,\s]+/).filter((entry) => entry !== '')
  const networks = entries.filter((entry) => isNetwork(entry))
  const isInNetwork = createTrust(networks)
  const hosts = entries.filter((entry) => !isNetwork(entry)).map(readHost)
  return (target) => {
    const host = plainHost(target)
    if (entries.includes('*') || isLoopback(host) || host.endsWith('.localhost') || isInNetwork(host)) return true
    const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port
    return hosts.some((exempt) => (exempt.port === undefined || exempt.port === port) && isAt(host, exempt.host))
  }
}

function readHost(entry: string): { readonly host: string; readonly port: string | undefined } {
  const [, bracketed, named, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []
  const host = bracketed ?? named ?? entry
  return { host: host.replace(/^\*?\./, '').toLowerCase(), port }
}

function isAt(host: string, exempt: string): boolean {
  return exempt !== '' && (host === exempt || host.endsWith(`.${exempt}`))
}

/** The host without brackets and without a dot at the end, in lower case. */
function plainHost({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}
