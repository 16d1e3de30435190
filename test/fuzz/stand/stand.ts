import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeConfiguration, makeEnvironment, type Ports } from './configuration.js'
import { createFindKey, type FindKey } from './key-forms.js'
import { openBackend, openGateway, openIdentity } from './behind.js'
import { loadedSecrets, makeSecrets, type Secrets } from './secrets.js'
import { scriptOf, Subject } from './subject.js'
import type { Upstream } from './upstream.js'

/** The processes under test: the sidecar with its own listeners, and an Express application with the middleware in it. */
export type SubjectName = 'sidecar' | 'express'

/** The processes under test, with scripted servers behind them. */
export interface Stand {
  readonly secrets: Secrets
  readonly findKey: FindKey
  readonly gateway: Upstream
  readonly backend: Upstream
  /** Answers whose cookie it is, and with the key sets of issuers. */
  readonly identity: Upstream
  readonly ports: Ports
  /** The process, started where it does not run. */
  subject(name: SubjectName): Promise<OpenSubject>
  close(): Promise<void>
}

export interface OpenSubject {
  readonly process: Subject
  /** Of its door. */
  readonly port: number
  /** Of the admin listener, which only the sidecar has. */
  readonly adminSocket: string
}

const command = fileURLToPath(new URL('../../../../sidecar/bin/postern.js', import.meta.url))

export async function openStand(seed: number): Promise<Stand> {
  const secrets = makeSecrets(seed)
  const [gateway, backend, identity] = await Promise.all([openGateway(secrets), openBackend(), openIdentity()])
  const ports = { gateway: gateway.port, backend: backend.port, identity: identity.port }
  const directory = mkdtempSync(join(tmpdir(), 'postern-fuzz-'))
  const file = join(directory, 'postern.json')
  writeFileSync(file, JSON.stringify(makeConfiguration(ports)))
  const running = new Map<SubjectName, Promise<OpenSubject>>()

  async function start(name: SubjectName): Promise<OpenSubject> {
    const adminSocket = join(directory, 'admin.sock')
    // A process that was killed leaves its socket; the other process under test has none, and runs beside it.
    if (name === 'sidecar') rmSync(adminSocket, { force: true })
    const own =
      name === 'sidecar' ? { script: command, args: ['start', '--config', file] } : { script: scriptOf('express-app'), args: [file] }
    const { subject, said } = await Subject.start({ ...own, env: makeEnvironment(secrets), cwd: directory }, /"url":"([^"]+)"/)
    return { process: subject, port: Number(new URL(said).port), adminSocket }
  }

  return {
    secrets,
    findKey: createFindKey(loadedSecrets(secrets)),
    gateway,
    backend,
    identity,
    ports,
    async subject(name) {
      const known = await running.get(name)
      if (known !== undefined && !known.process.hasEnded) return known
      const started = start(name)
      running.set(name, started)
      return started
    },
    async close() {
      for (const subject of running.values()) await (await subject).process.stop()
      await Promise.all([gateway, backend, identity].map((upstream) => upstream.close()))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
