import { ipKeyGenerator } from 'express-rate-limit'

/** The network of an address. As express-rate-limit counts: an IPv6 caller is its /56 network. */
export function networkOf(address: string): string {
  return ipKeyGenerator(address === '' ? '0.0.0.0' : address)
}
