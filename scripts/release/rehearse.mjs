import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Failure } from './failure.mjs'
import { packagesInOrder, tarballOf, versionOf } from './packages.mjs'
import { run } from './run.mjs'

/** What users read in a package, besides its code. */
const everyPackageHas = ['LICENSE', 'README.md', 'package.json']

/** Nobody listens there: what is rehearsed reaches no registry, also where somebody is logged in. */
const nobodysRegistry = 'http://127.0.0.1:9'

/**
 * Makes everything that a release consists of, and publishes nothing: the tarball of each package, each looked at as a registry would get
 * it, their bill of materials (CycloneDX) with every library that an installation gets, and the digests of all of it.
 *
 * @param root The folder of the repository, built.
 * @param folder Where it goes. A folder that does not exist or is empty.
 * @param told Is told what is done next.
 * @throws {Failure} if the folder holds something, or a package is not as it should be.
 */
export async function rehearse(root, folder, told) {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Failure(`${folder} holds something. Name an empty folder, or a new one.`)
  mkdirSync(folder, { recursive: true })
  const packages = packagesInOrder(root)
  const version = versionOf(packages)

  told(`packing ${packages.length} packages of version ${version}`)
  await pack(root, folder)
  for (const { manifest } of packages) {
    told(`looking at ${manifest.name}`)
    await look(folder, manifest)
  }
  told('writing the bill of materials')
  await writeMaterials(folder, packages)
  writeDigests(folder)
}

async function pack(root, folder) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const filters = ['./packages/*', './sidecar'].flatMap((path) => ['--filter', path])
  const words = ['exec', '--yes', `--package=${packageManager}`, '--', 'pnpm', '-r', ...filters, 'pack', '--pack-destination', folder]
  await run('npm', words, { cwd: root })
}

/** Publishes a tarball without a registry: npm says what it would send, and `--dry-run` keeps it from doing so. */
async function look(folder, { name, version }) {
  const file = tarballOf({ name, version })
  const manifest = JSON.parse(await run('tar', ['-xzOf', file, 'package/package.json'], { cwd: folder }))
  const text = JSON.stringify(manifest)
  if (text.includes('workspace:')) throw new Failure(`${file} names packages of the workspace, which a registry does not have.`)
  for (const script of ['preinstall', 'install', 'postinstall'])
    if (manifest.scripts?.[script] !== undefined) throw new Failure(`${file} runs a script when it is installed: ${script}.`)
  const files = new Set((await run('tar', ['-tzf', file], { cwd: folder })).trim().split('\n'))
  const missing = everyPackageHas.filter((each) => !files.has(`package/${each}`))
  if (missing.length > 0) throw new Failure(`${file} lacks ${missing.join(', ')}.`)
  await run('npm', ['publish', file, '--dry-run', '--access', 'public', '--fetch-retries', '0', '--registry', nobodysRegistry], {
    cwd: folder,
  })
}

/** The libraries are those that npm chooses for somebody who installs all packages on this day. */
async function writeMaterials(folder, packages) {
  const project = mkdtempSync(join(tmpdir(), 'postern-materials-'))
  try {
    const ours = Object.fromEntries(packages.map(({ manifest }) => [manifest.name, `file:${resolve(folder, tarballOf(manifest))}`]))
    const manifest = { name: 'postern', version: versionOf(packages), private: true, dependencies: ours, overrides: ours }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
    await run('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project })
    const words = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
    const materials = await run('npm', words, { cwd: project })
    // npm names tarballs by where they lie on this machine.
    const named = materials.replaceAll(`file:${resolve(folder)}/`, '').replaceAll(`${resolve(folder)}/`, '')
    writeFileSync(join(folder, 'sbom.cdx.json'), named)
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

/** As `sha256sum --check` reads them. */
function writeDigests(folder) {
  const lines = readdirSync(folder)
    .sort()
    .map(
      (file) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex')}  ${file}\n`,
    )
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''))
}
