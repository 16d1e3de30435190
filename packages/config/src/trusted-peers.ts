import { BlockList, isIP } from 'node:net'

/** Whether a peer is a trusted proxy, whose `X-Forwarded-` headers Postern believes. */
export type IsTrusted = (address: string) => boolean

/** Compiles a list of addresses and networks, such as `10.0.0.0/8`. An empty list trusts no peer. */
export function createTrust(peers: readonly string[]): IsTrusted {
  if (peers.length === 0) return () => false
  const list = new BlockList()
  for (const peer of peers) {
    const [address = '', bits] = peer.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => {
    // A dual-stack socket reports an IPv4 peer as `::ffff:192.0.2.1`.
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** Whether a text is an address or a network. A network of all addresses (`/0`) is not accepted. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (version === 6 ? 128 : 32))
}
