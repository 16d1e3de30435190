import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { checkConfig } from '@postern/config'
import { parse, parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../support/programs.js'
import { deployFolder } from '../support/replicas.js'

const execute = promisify(execFile)
const read = (name: string): string => readFileSync(join(deployFolder, name), 'utf8')

interface Container {
  readonly name: string
  readonly restartPolicy?: string
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } } | undefined
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly automountServiceAccountToken: boolean
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string }[]
}

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly selector: Readonly<Record<string, unknown>>
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec }
    readonly ports: readonly { readonly targetPort: string }[]
  }
}

const manifestsIn = (name: string): readonly Manifest[] =>
  parseAllDocuments(read(`kubernetes/${name}`)).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS() as Manifest
  })

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-deploy-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The longest that a process of `postern.yaml` takes to end, in seconds. */
const deadlineSeconds = 30

describe('deploy/postern.yaml', () => {
  test('is a configuration that can be used, once its secrets are there', () => {
    const secrets = join(folder, 'secrets')
    mkdirSync(secrets)
    writeFileSync(join(secrets, 'gateway-key'), 'jt_0123456789abcdef')
    writeFileSync(join(secrets, 'callers'), `app:${'5'.repeat(64)}`)
    const config: unknown = parse(read('postern.yaml').replaceAll('/run/secrets/', `${secrets}/`))
    const { problems } = checkConfig(config, { env: { REDIS_URL: 'redis://127.0.0.1:6379' }, directory: folder })
    expect(problems).toEqual([])
    expect(config).toMatchObject({ shutdown: { deadline: `${deadlineSeconds}s` } })
  })
})

describe.each([
  ['deployment.yaml', 'containers'],
  ['sidecar.yaml', 'initContainers'],
] as const)('deploy/kubernetes/%s', (file, where) => {
  const manifests = manifestsIn(file)
  const deployment = manifests.find(({ kind }) => kind === 'Deployment') as Manifest
  const pod = deployment.spec.template.spec
  const postern = pod[where]?.find(({ name }) => name === 'postern') as Container

  test('runs Postern without any right, as nobody in particular, with a file system that it cannot write', () => {
    expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, runAsUser: 1000 } })
    expect(postern.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  })

  test('asks the listener for probes, which its configuration opens, and mounts what that names', () => {
    const config = parse(read('postern.yaml')) as { health: { port: number }; admin: { socket: string } }
    const probes = postern.ports?.find(({ name }) => name === 'probes')
    expect(probes?.containerPort).toBe(config.health.port)
    for (const [probe, path] of [
      ['startup', '/livez'],
      ['liveness', '/livez'],
      ['readiness', '/readyz'],
    ] as const)
      expect(postern[`${probe}Probe`]?.httpGet).toEqual({ path, port: 'probes' })
    const mounted = postern.volumeMounts?.map(({ mountPath }) => mountPath)
    expect(mounted).toEqual(['/etc/postern', '/run/secrets', '/run/postern'])
    const volumes = pod.volumes.map(({ name }) => name)
    expect(volumes).toEqual(expect.arrayContaining(postern.volumeMounts?.map(({ name }) => name) ?? []))
  })

  test('gives it more time to end than shutdown.deadline', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(deadlineSeconds + 5)
  })

  test('names labels that its pods have', () => {
    for (const { kind, spec } of manifests) {
      const wanted = kind === 'Service' ? spec.selector : (spec.selector['matchLabels'] as object)
      expect(deployment.spec.template.metadata.labels).toEqual(wanted)
    }
  })
})

test('the sidecar runs for as long as the backend, which holds no gateway key', () => {
  const [{ spec }] = manifestsIn('sidecar.yaml') as [Manifest]
  const [postern] = spec.template.spec.initContainers as [Container]
  expect(postern.restartPolicy).toBe('Always')
  const [backend] = spec.template.spec.containers as [Container]
  expect(backend.volumeMounts).toBeUndefined()
  expect(backend.env?.find(({ name }) => name === 'OPENAI_BASE_URL')?.value).toBe('http://127.0.0.1:8787/ai/v1')
})

test('deploy/compose.yaml runs Postern read-only, without rights, and ends it later than shutdown.deadline', () => {
  const { services, secrets } = parse(read('compose.yaml')) as {
    readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly secrets: object
  }
  expect(Object.keys(services)).toEqual(['postern', 'redis', 'postgres'])
  expect(services['postern']).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
  expect(Number.parseInt(services['postern']?.['stop_grace_period'] as string, 10)).toBeGreaterThan(deadlineSeconds)
  for (const service of Object.values(services))
    for (const name of (service['secrets'] ?? []) as string[]) expect(Object.keys(secrets)).toContain(name)
})

test('deploy/Dockerfile runs node itself, as another user than root, and is asked for its health', () => {
  const lines = read('Dockerfile').split('\n')
  expect(lines.filter((line) => line.startsWith('FROM'))).toHaveLength(2)
  expect(lines.indexOf('USER node')).toBeGreaterThan(lines.findLastIndex((line) => line.startsWith('FROM')))
  expect(read('Dockerfile')).toMatch(/HEALTHCHECK [^[]*\[[^\]]*"health"/)
  expect(read('Dockerfile')).toMatch(/ENTRYPOINT \["node", "\/opt\/postern\/bin\/postern\.js"\]/)
})

test.skipIf(findProgram('systemd') === undefined)('systemd takes the units without a word, for two replicas', async () => {
  const units = join(folder, 'units')
  mkdirSync(units)
  for (const name of readdirSync(join(deployFolder, 'systemd'))) {
    cpSync(join(deployFolder, 'systemd', name), join(units, name))
    for (const port of ['8787', '8788']) writeFileSync(join(units, name.replace('@', `@${port}`)), read(`systemd/${name}`))
  }
  const names = readdirSync(units).filter((name) => !name.includes('@.'))
  const { stdout, stderr } = await execute('systemd-analyze', ['verify', '--man=no', ...names.map((name) => join(units, name))], {
    env: { PATH: process.env['PATH'], SYSTEMD_UNIT_PATH: `${units}:` },
  })
  expect([stdout, stderr]).toEqual(['', ''])
})
