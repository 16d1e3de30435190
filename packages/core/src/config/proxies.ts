import { isNetwork, createTrust } from '../trusted-peers.js'
import { isThisMachine } from './is-this-machine.js'

/** A proxy that stands between this network and the others. */
export interface Proxy {
  /** The variable that names it. */
  readonly variable: string
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** What it is told beside a request: who asks, where its address says so. A function, so that no print of this holds a password. */
  readonly headers: () => Readonly<Record<string, string>>
}

/** Says which proxy leads to an address; `undefined`: none, it is asked directly. */
export type ProxyOf = (target: URL) => Proxy | undefined

/** What the environment says of proxies, in the way of curl: the small spelling of a name counts before the large one. */
export interface Proxies {
  readonly proxyOf: ProxyOf
  /** The variable that should say a proxy for an address, and does not. */
  readonly faultOf: (target: URL) => ProxyFault | undefined
  /** `ALL_PROXY`, where an address is asked directly and other programs would ask it through that proxy. */
  readonly unreadOf: (target: URL) => string | undefined
  /** Passwords, by the variable that they stand in. */
  readonly passwords: ReadonlyMap<string, string>
}

/** A variable that names no proxy which can be asked. */
export interface ProxyFault {
  readonly variable: string
  readonly isSocks: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables of proxies, where the environment has them.
 *
 * An environment that gives a value for whatever name a reference holds, as one of secrets may, has named no proxy by it.
 */
export function readProxies(env: Environment): Proxies {
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

/** An address without a scheme is one of http, as everywhere. */
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

/** Reads `NO_PROXY`: hosts with all below them, addresses, networks, each with a port or for any; `*` for everything. What never leaves this machine takes no proxy. */
function readExemptions(text: string): (target: URL) => boolean {
  const entries = text.split(/[,\s]+/).filter((entry) => entry !== '')
  const networks = entries.filter((entry) => isNetwork(entry))
  const isInNetwork = createTrust(networks)
  const hosts = entries.filter((entry) => !isNetwork(entry)).map(readHost)
  return (target) => {
    const host = plainHost(target)
    if (entries.includes('*') || isThisMachine(host) || host.endsWith('.localhost') || isInNetwork(host)) return true
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

/** Without brackets, and without the dot that a whole name may end with. */
function plainHost({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}
