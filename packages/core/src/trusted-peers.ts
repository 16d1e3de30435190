import { BlockList, isIP } from 'node:net'

/** Whether a peer is a proxy of the operator's, whose word on the client is taken. */
export type IsTrusted = (address: string) => boolean

/** Compiles addresses and networks, such as `10.0.0.0/8`. */
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
    // A socket that takes both families says IPv4 addresses in the IPv6 way.
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** Whether a text names an address or a network; all addresses are none. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (version === 6 ? 128 : 32))
}
