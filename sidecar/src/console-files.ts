import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PageFile } from './console/console-server.js'
import { Failure } from './failure.js'

/** Where `scripts/build-console.mjs` writes the page. The bundle of the command is beside `dist`, and looks here too. */
const folder = fileURLToPath(new URL('../dist/console-page', import.meta.url))

const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/favicon.svg': ['favicon.svg', 'image/svg+xml'],
} as const

/**
 * Reads the files of the console's page, by the paths under which they are served.
 *
 * @throws {Failure} if the page was not built.
 */
export function readConsoleFiles(): ReadonlyMap<string, PageFile> {
  try {
    return new Map(Object.entries(files).map(([path, [name, type]]) => [path, { type, bytes: readFileSync(join(folder, name)) }]))
  } catch {
    throw new Failure(`The console's page is not in ${folder}. Build it:  npm run build`)
  }
}
