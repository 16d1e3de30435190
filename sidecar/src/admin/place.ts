import { resolve } from 'node:path'
import type { Config } from '@postern/config'
import type { Place } from '../listen.js'

/** Where the admin listener is. A relative path of its socket begins at the configuration's folder. */
export function adminPlace(admin: NonNullable<Config['admin']>, directory: string): Place {
  return 'socket' in admin ? { socket: resolve(directory, admin.socket) } : admin
}
