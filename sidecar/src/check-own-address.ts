import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Config, Problem } from '@postern/config'

/**
 * Refuses a backend that is this process itself.
 *
 * In Express, `listen` has no effect, and an application may well ask itself, so this belongs to the sidecar.
 */
export function checkOwnAddress({ listen, backend, callers }: Config): readonly Problem[] {
  const urls = [
    ['backend.url', backend?.url],
    ['callers.forwardAuth.url', callers.forwardAuth?.url],
  ] as const
  return urls.flatMap(([path, url]): Problem[] => {
    if (url === undefined || url.startsWith('unix:') || !leadsTo(listen, new URL(url))) return []
    const reason = `is the address where Postern itself listens (${listen.host}:${listen.port}), so it would ask itself.`
    return [{ path, reason, fix: 'Write the address of your own server, or let Postern listen on another port.', severity: 'error' }]
  })
}

function leadsTo({ host, port }: Config['listen'], { protocol, port: named, hostname }: URL): boolean {
  const asked = named === '' ? (protocol === 'https:' ? 443 : 80) : Number(named)
  if (port === 0 || asked !== port) return false
  const name = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (name === host.toLowerCase()) return true
  const taken = addressesOf(host)
  return addressesOf(name).some((address) => taken.includes(address))
}

/** The addresses of this machine that a host stands for: for `0.0.0.0` all that it has, and for a name only `localhost`. */
export function addressesOf(host: string): readonly string[] {
  if (host === 'localhost') return ['127.0.0.1', '::1']
  if (host === '0.0.0.0' || host === '::') {
    const all = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
    return ['127.0.0.1', '::1', ...all].filter((address) => host === '::' || isIP(address) === 4)
  }
  return [host]
}
