import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { home, root } from './programs.js'

/** Lays our packages as they are published beside those of others, once for all tests. */
export default function layPackages(): void {
  for (const name of ['protocol', 'client', 'server']) {
    const [from, to] = [join(root, 'packages', name), join(home, 'node_modules/@postern', name)]
    rmSync(to, { recursive: true, force: true })
    for (const part of ['package.json', 'dist']) cpSync(join(from, part), join(to, part), { recursive: true })
  }
}
