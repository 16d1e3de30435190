import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where `scripts/bundle-command.mjs` writes the command as few large modules. A published package has no such folder. */
export const bundleFolder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bundle')

/** In that folder, what the bundle was made from: `files` with what they were then, and the `digest` of what they held. */
export const stampFile = join(bundleFolder, 'made-from.json')

/**
 * The entry point of the command: that of the bundle if it was made from what the compiler last wrote, or else that of the plain
 * modules, which do the same and load more slowly. So `tsc -b` alone never leaves an old bundle in use.
 */
export function entryPoint() {
  return isBundleCurrent() ? '../bundle/main.js' : '../dist/main.js'
}

function isBundleCurrent() {
  try {
    const { files, digest } = JSON.parse(readFileSync(stampFile, 'utf8'))
    // A copy of the folder, such as in the layer of a container image, may not keep times: then what the files hold decides.
    return files.every((file) => isAsThen(file)) || digestOf(files) === digest
  } catch {
    return false
  }
}

function isAsThen({ path, size, modifiedMs }) {
  const now = statSync(join(bundleFolder, path))
  return now.size === size && now.mtimeMs === modifiedMs
}

/** What a stamp says of some files; their paths are relative to the folder of the bundle. */
export function stampOf(paths) {
  const files = paths.map((path) => {
    const { size, mtimeMs } = statSync(join(bundleFolder, path))
    return { path, size, modifiedMs: mtimeMs }
  })
  return { files, digest: digestOf(files) }
}

function digestOf(files) {
  const digest = createHash('sha256')
  for (const { path } of files) digest.update(readFileSync(join(bundleFolder, path))).update('\0')
  return digest.digest('hex')
}
