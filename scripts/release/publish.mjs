import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from './failure.mjs'
import { packagesInOrder, tarballOf } from './packages.mjs'
import { run } from './run.mjs'

/**
 * Publishes the tarballs of a rehearsal, each behind those that it depends on, with a statement of where they were built (`--provenance`,
 * which npm makes on the build servers that it knows, and refuses elsewhere).
 *
 * @throws {Failure} if a tarball is missing or is not what was rehearsed, or npm fails. What was published before stays so.
 */
export async function publish(root, folder, told) {
  if (!existsSync(join(folder, 'SHA256SUMS')))
    throw new Failure(`${folder} holds no rehearsal. Make one: npm run release -- rehearse ${folder}`)
  await run('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder })
  for (const { manifest } of packagesInOrder(root)) {
    told(`publishing ${manifest.name}`)
    await withTerminal('npm', ['publish', tarballOf(manifest), '--access', 'public', '--provenance'], folder)
  }
}

/** npm may ask for a one-time password. */
function withTerminal(program, words, cwd) {
  return new Promise((done, fail) => {
    const child = spawn(program, words, { cwd, stdio: 'inherit' })
    child.on('error', fail)
    child.on('exit', (code) => (code === 0 ? done() : fail(new Failure(`${program} ${words.join(' ')} ended with ${code}.`))))
  })
}
