// Writes the command `postern` as few large modules into sidecar/bundle: loading some 900 small ones takes half a second of every
// start. The plain modules in dist stay, and `sidecar/bin/bundle.js` decides which are loaded. Where nothing changed, nothing is done.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundleFolder, entryPoint, stampFile, stampOf } from '../sidecar/bin/bundle.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The compiler writes the record of a package anew whenever a source of it has changed; the libraries are the lockfile's. */
const files = [
  'pnpm-lock.yaml',
  'scripts/bundle-command.mjs',
  'sidecar/tsconfig.tsbuildinfo',
  ...readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'tsconfig.tsbuildinfo')),
]
  .filter((file) => existsSync(join(root, file)))
  .map((file) => relative(bundleFolder, join(root, file)))

if (!entryPoint().startsWith('../bundle/')) await bundle()

async function bundle() {
  // Before they are read: what changes in the meantime makes another bundle.
  const stamp = stampOf(files)
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'sidecar/dist/main.js', ...workers() },
    // Beside dist and as deep as it: main.js looks for `../package.json`, and demo-pages.js for `../demo`.
    outdir: relative(root, bundleFolder),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [leaveInPlace('libsql', 'packages/stores'), ...optionalLibraries().map((library) => leaveInPlace(library, 'sidecar'))],
    // Libraries that are no ES modules call it for what belongs to Node.
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
    // Names and lines stay as they are, so that a stack trace can be read; `node --enable-source-maps` gives the sources.
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  })
  writeFileSync(stampFile, `${JSON.stringify(stamp)}\n`)
  const written = new Set(Object.keys(metafile.outputs).map((file) => join(root, file)))
  const outdated = readdirSync(bundleFolder).map((name) => join(bundleFolder, name))
  for (const file of outdated) if (file !== stampFile && !written.has(file)) rmSync(file, { recursive: true })
}

/** The entries of threads: who begins one looks for it beside itself, by its name. */
function workers() {
  const found = readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join(root, 'packages', name, 'dist')
    return existsSync(folder) ? readdirSync(folder, { recursive: true }).map((file) => join(folder, file)) : []
  })
  const entries = found.filter((file) => file.endsWith('-worker.js')).map((file) => [basename(file, '.js'), relative(root, file)])
  return Object.fromEntries(entries)
}

/** Libraries that few processes load, and that may be left out of an installation. */
function optionalLibraries() {
  return Object.keys(JSON.parse(readFileSync(join(root, 'sidecar/package.json'), 'utf8')).optionalDependencies)
}

/** Imports a library from where `owner` finds it: one that loads machine code looks for that code beside itself, and an optional one may be missing. */
function leaveInPlace(library, owner) {
  const path = placeOf(library, owner)
  if (path === undefined)
    return {
      name: `${library} is not installed`,
      setup: ({ onResolve }) => onResolve({ filter: new RegExp(`^${library}$`) }, () => ({ external: true })),
    }
  return {
    name: `leave ${library} in place`,
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`^${library}$`) }, () => ({ path: relative(bundleFolder, path), external: true }))
    },
  }
}

/** Where `owner` finds a library; `undefined`: it is not installed. */
function placeOf(library, owner) {
  try {
    return createRequire(join(root, owner, 'package.json')).resolve(library)
  } catch {
    return undefined
  }
}
