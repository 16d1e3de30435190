import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { published } from '../published.mjs'

/** The manifests of what is published, each behind those that it depends on: the order in which a registry may get them. */
export function packagesInOrder(root) {
  const found = new Map(
    published.map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
      return [manifest.name, { folder, manifest }]
    }),
  )
  const ordered = new Set()
  const add = (name) => {
    const one = found.get(name)
    if (one === undefined || ordered.has(one)) return
    for (const below of Object.keys(one.manifest.dependencies ?? {})) add(below)
    ordered.add(one)
  }
  for (const name of found.keys()) add(name)
  return [...ordered]
}

/** The one version of all of them. @throws {Error} if they differ. */
export function versionOf(packages) {
  const versions = new Set(packages.map(({ manifest }) => manifest.version))
  if (versions.size !== 1) throw new Error(`The packages have several versions: ${[...versions].join(', ')}.`)
  return [...versions][0]
}

/** The name of a package's tarball, as `pnpm pack` gives it. */
export const tarballOf = ({ name, version }) => `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`
