// Sets everything up on a machine that has only Node and npm, then runs one task. Imports no library: none is installed yet.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { published } from './published.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const binaries = join(root, 'node_modules', '.bin')
const stamp = join(root, 'node_modules', '.postern-setup')
const [task, ...args] = process.argv.slice(2)

/** What `require` and TypeScript's `node10` load too. */
const forCommonJs = ['packages/client', 'packages/protocol', 'packages/server']

/** Each task gives its exit code. */
const tasks = {
  build: async () => {
    process.stderr.write('Built. The command is  node sidecar/bin/postern.js ; "npm start" runs the demo.\n')
    return 0
  },
  start: () => postern(args.some((argument) => /^(-c|--config)(=|$)/.test(argument)) ? ['start', ...args] : ['demo', ...args]),
  test: () => run(join(binaries, 'vitest'), ['run', ...args]),
  bench: () =>
    inOrder([
      () => (args.some((argument) => /^--node(=|$)/.test(argument)) ? installNodes() : 0),
      () => (args.includes('--peers') ? installPeers() : 0),
      () => run(process.execPath, [join(root, 'test/bench/dist/main.js'), ...args]),
    ]),
  conformance: () => run(process.execPath, [join(root, 'test/conformance/dist/conformance/main.js'), ...args]),
  platforms: () =>
    inOrder([
      installPlatforms,
      installNodes,
      () => run(join(binaries, 'vitest'), ['run', '--config', 'test/platforms/vitest.config.ts', ...args]),
    ]),
  load: () => run(join(binaries, 'vitest'), ['run', '--config', 'test/load/vitest.config.ts', ...args]),
  fuzz: () => run(process.execPath, [join(root, 'test/fuzz/dist/main.js'), ...args]),
  soak: () => run(process.execPath, [join(root, 'test/soak/dist/soak/main.js'), ...args]),
  fidelity: () => run(process.execPath, [join(root, 'test/fidelity/dist/fidelity/main.js'), ...args]),
  mutation: () => run(process.execPath, [join(root, 'test/mutation/main.mjs'), ...args]),
  release: () => run(process.execPath, [join(root, 'scripts/release/main.mjs'), ...args]),
  size: () => run(process.execPath, [join(root, 'scripts/measure-client.mjs')]),
  lint: () => run(join(binaries, 'oxlint'), ['--type-aware', '--deny-warnings', ...args]),
  check: () =>
    inOrder([
      () => tasks.lint(),
      () => run(join(binaries, 'biome'), ['format', '.']),
      ...published.map((folder) => () => inspectPackage(folder)),
    ]),
}

if (!Object.hasOwn(tasks, task)) {
  process.stderr.write(`boot: there is no task "${task}". There are ${Object.keys(tasks).join(', ')}.\n`)
  process.exitCode = 2
} else {
  process.exitCode = await inOrder([requireNode, install, compile, tasks[task]])
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return 0
  process.stderr.write(`Postern needs Node 20.19 or newer; this is ${process.versions.node}.\n`)
  return 1
}

/** Installs what the lockfile says, unless it stands there already. */
async function install() {
  const manifests = ['pnpm-lock.yaml', 'package.json'].map((name) => readFileSync(join(root, name)))
  const wanted = createHash('sha256').update(Buffer.concat(manifests)).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 0
  process.stderr.write('Setting up: packages (about a minute the first time) …\n')
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const code = await quietly('npm', ['exec', '--yes', `--package=${packageManager}`, '--', 'pnpm', 'install', '--frozen-lockfile'])
  if (code === 0) writeFileSync(stamp, wanted)
  return code
}

/** The programs of others have a lockfile of their own, and are no part of the usual setup: they are large. */
function installPlatforms() {
  return installApart('test/platforms', '.platforms', 'the programs of others (about a gigabyte, the first time)')
}

/** The lines of Node beside the one that runs this, for `bench --node` and the platforms. */
function installNodes() {
  return installApart('test/nodes', '.nodes', 'lines of Node (half a gigabyte, the first time)')
}

/** Gateways of others, for `bench --peers`. */
function installPeers() {
  return installApart('test/peers', '.peers', 'gateways of others (25 megabytes, the first time)')
}

/** Installs what a lockfile apart from ours says, unless it stands there already. */
async function installApart(source, target, what) {
  const [from, to] = [join(root, source), join(root, target)]
  const wanted = createHash('sha256')
    .update(readFileSync(join(from, 'package-lock.json')))
    .digest('hex')
  const done = join(to, '.postern-setup')
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return 0
  process.stderr.write(`Setting up: ${what} …\n`)
  mkdirSync(to, { recursive: true })
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(from, name), join(to, name))
  const code = await quietly('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', to])
  if (code === 0) writeFileSync(done, wanted)
  return code
}

function compile() {
  return inOrder([
    () => run(join(binaries, 'tsc'), ['-b']),
    () => run(process.execPath, [join(root, 'scripts/build-commonjs.mjs')]),
    () => run(process.execPath, [join(root, 'scripts/build-console.mjs')]),
    () => run(process.execPath, [join(root, 'scripts/bundle-command.mjs')]),
  ])
}

/** In this process, so that Ctrl-C reaches it directly and nothing is left running. */
async function postern(words) {
  if (process.env.npm_lifecycle_event !== undefined) endWithParent()
  const { entryPoint } = await import('../sidecar/bin/bundle.js')
  const { main } = await import(new URL(entryPoint(), new URL('../sidecar/bin/', import.meta.url)).href)
  return main(words)
}

/**
 * npm hands SIGTERM to the shell between it and this process, which ends and tells nobody. So the end of the parent is
 * taken for the signal, and running streams may end as they do for any other.
 */
function endWithParent() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  watch.unref()
}

/** Are its `exports` and files right, and do its types resolve for those who import it? */
function inspectPackage(folder) {
  return inOrder([
    () => quietly(join(binaries, 'publint'), [folder, '--pack', 'npm', '--strict']),
    () =>
      folder === 'sidecar'
        ? 0
        : quietly(join(binaries, 'attw'), ['--pack', folder, '--profile', forCommonJs.includes(folder) ? 'strict' : 'esm-only']),
  ])
}

async function inOrder(steps) {
  for (const step of steps) {
    const code = await step()
    if (code !== 0) return code
  }
  return 0
}

function run(command, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)))
  })
}

/** Shows what a command printed only where it failed. */
function quietly(command, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, env: { ...process.env, CI: 'true' }, stdio: ['ignore', 'pipe', 'pipe'] })
    const printed = []
    child.stdout.on('data', (chunk) => printed.push(chunk))
    child.stderr.on('data', (chunk) => printed.push(chunk))
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code !== 0) process.stderr.write(Buffer.concat(printed))
      resolve(code ?? 1)
    })
  })
}
