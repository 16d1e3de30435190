import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.mjs'
import { publish } from './publish.mjs'
import { rehearse } from './rehearse.mjs'
import { setVersion } from './set-version.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const help = `Usage: npm run release -- COMMAND

  version 0.2.0        gives every package this version, and the changes under "Unreleased" in CHANGELOG.md a heading of it
  rehearse FOLDER      makes all that a release consists of in an empty folder, and publishes nothing: a tarball of each package,
                       looked at as a registry would get it, sbom.cdx.json (CycloneDX) and SHA256SUMS
  publish FOLDER       publishes what was rehearsed there, in the order of its dependencies, with provenance; on a build server
                       that npm knows

A release: version, commit and tag; .ci/run; rehearse; publish.
`

const commands = {
  version(wanted) {
    const changed = setVersion(root, wanted, new Date().toISOString().slice(0, 10))
    process.stdout.write(`${changed.join('\n')}\n\nNow: git commit -am "Release ${wanted}" && git tag v${wanted}\n`)
  },
  async rehearse(folder) {
    await rehearse(root, resolve(folder), told)
    process.stdout.write(`${folder} holds the release. Nothing is published.\n`)
  },
  publish: (folder) => publish(root, resolve(folder), told),
}

const told = (what) => void process.stderr.write(`${what} …\n`)

const [command, argument, ...further] = process.argv.slice(2)
if (command === '--help') process.stdout.write(help)
else if (!Object.hasOwn(commands, command ?? '') || argument === undefined || further.length > 0) {
  process.stderr.write(help)
  process.exitCode = 2
} else {
  try {
    await commands[command](argument)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
