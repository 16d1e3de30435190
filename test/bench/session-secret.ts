import { randomBytes } from 'node:crypto'

/** What every Postern of the benchmark checks session tokens with. */
export const sessionSecret = randomBytes(32).toString('base64url')
