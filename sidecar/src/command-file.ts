import { fileURLToPath } from 'node:url'

/** The file of the command `postern`, as it lies beside the modules and beside their bundle. */
export function commandFile(): string {
  return fileURLToPath(new URL('../bin/postern.js', import.meta.url))
}
