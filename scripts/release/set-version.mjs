import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from './failure.mjs'
import { packagesInOrder, versionOf } from './packages.mjs'

/** Files that name the version of a tarball or an image, besides the manifests. */
const namedIn = ['README.md', 'deploy/kubernetes/deployment.yaml', 'deploy/kubernetes/sidecar.yaml']

/** Stands under "Unreleased" right after a release. */
const nothing = 'Nothing yet.'

/**
 * Gives all packages a version, and the changes that are listed under "Unreleased" a heading of it. Writes all files or none.
 *
 * @param root The folder of the repository.
 * @param wanted The version: three numbers, greater than the present one.
 * @param date The day of the release, as `2026-12-01`.
 * @returns The files that were changed.
 * @throws {Failure} if the version is not written as semantic versioning writes it or is not greater, or nothing is listed.
 */
export function setVersion(root, wanted, date) {
  const packages = packagesInOrder(root)
  const present = versionOf(packages)
  if (!isGreater(partsOf(wanted), partsOf(present)))
    throw new Failure(`${wanted} is not greater than ${present}, the present version. Choose a greater one.`)

  const changed = new Map()
  for (const { folder, manifest } of packages) {
    const path = join(folder, 'package.json')
    changed.set(path, edited(root, path, `"version": "${manifest.version}"`, `"version": "${wanted}"`))
  }
  for (const path of namedIn) changed.set(path, readFileSync(join(root, path), 'utf8').replaceAll(present, wanted))
  changed.set('CHANGELOG.md', headed(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), wanted, date))
  for (const [path, text] of changed) writeFileSync(join(root, path), text)
  return [...changed.keys()]
}

function edited(root, path, from, to) {
  const text = readFileSync(join(root, path), 'utf8')
  if (!text.includes(from)) throw new Failure(`${path} has no ${from}.`)
  return text.replace(from, to)
}

function headed(text, wanted, date) {
  const [, before, changes, after] = /^([\s\S]*?\n## Unreleased\n)([\s\S]*?)(\n## [\s\S]*)$/.exec(text) ?? []
  if (changes === undefined || ['', nothing].includes(changes.trim()))
    throw new Failure('CHANGELOG.md lists nothing under "## Unreleased": write there what the release changes for its users.')
  return `${before}\n${nothing}\n\n## ${wanted} (${date})\n${changes}${after}`
}

/** Major, minor and patch. A release has no further part. */
function partsOf(version) {
  const parts = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/.exec(version)
  if (parts === null) throw new Failure(`${version} is no version: write three numbers, such as 0.2.0.`)
  return parts.slice(1).map(Number)
}

function isGreater(one, other) {
  const at = one.findIndex((part, index) => part !== other[index])
  return at !== -1 && one[at] > other[at]
}
