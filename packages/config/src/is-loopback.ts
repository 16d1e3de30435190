import { isIP } from 'node:net'

/** Whether a host is a loopback address, so that traffic to it never leaves this machine. */
export function isLoopback(hostname: string): boolean {
  const plain = hostname.replace(/^\[|\]$/g, '')
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}
