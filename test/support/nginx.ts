import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Certificates, makeCertificates } from './certificates.js'
import { freePort } from './free-port.js'
import { findProgram } from './programs.js'
import { deployFolder } from './replicas.js'

/** Debian's nginx with the files of `deploy`, at a port of 127.0.0.1. */
export interface Nginx {
  /** The port that speaks TLS, for `app.example.com`. */
  readonly port: number
  /** The same server without TLS, for clients that make many connections. */
  readonly plainPort: number
  readonly certificates: Certificates
  /** The variables with which `deploy/rolling-restart.sh` reloads this nginx. */
  readonly rolling: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** @param folder A folder of the test's own. */
export async function startNginx(folder: string, ports: readonly [number, number]): Promise<Nginx> {
  const at = (name: string): string => join(folder, name)
  const certificates = makeCertificates('app.example.com')
  writeFileSync(at('tls.key'), certificates.key, { mode: 0o600 })
  writeFileSync(at('tls.crt'), certificates.cert)
  const [port, plainPort] = [await freePort(), await freePort()]
  const upstreams = readFileSync(join(deployFolder, 'nginx-upstreams.conf'), 'utf8')
  writeFileSync(at('upstreams.conf'), upstreams.replace(':8787', `:${ports[0]}`).replace(':8788', `:${ports[1]}`))
  const site = readFileSync(join(deployFolder, 'nginx.conf'), 'utf8')
    .replace('/etc/nginx/nginx-upstreams.conf', at('upstreams.conf'))
    .replace('listen 443 ssl http2 default_server;', `listen 127.0.0.1:${port} ssl http2 default_server;`)
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;\n    listen 127.0.0.1:${plainPort};`)
    .replace('/etc/nginx/tls/app.example.com.crt', at('tls.crt'))
    .replace('/etc/nginx/tls/app.example.com.key', at('tls.key'))
  writeFileSync(at('site.conf'), site)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  for (const name of temporary) mkdirSync(at(name), { recursive: true })
  writeFileSync(
    at('nginx.conf'),
    `daemon off;\nworker_processes 2;\npid ${at('nginx.pid')};\nerror_log ${at('error.log')} warn;\nevents { worker_connections 4096; }\nhttp {\n  access_log off;\n${temporary.map((name) => `  ${name}_temp_path ${at(name)};\n`).join('')}  include ${at('site.conf')};\n}\n`,
  )
  const child = spawn(findProgram('nginx') as string, ['-p', folder, '-c', at('nginx.conf')], { stdio: 'ignore' })
  await untilListens(child, plainPort)
  const reload = at('reload.sh')
  writeFileSync(reload, `#!/bin/sh\nexec kill -HUP ${child.pid}\n`, { mode: 0o700 })
  return {
    port,
    plainPort,
    certificates,
    rolling: { UPSTREAMS: at('upstreams.conf'), NGINX_RELOAD: reload },
    close: () => end(child),
  }
}

/** Ends a program that this test started. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** Waits until a program that this test started takes connections. */
export async function untilListens(child: ChildProcess, port: number): Promise<void> {
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode} before it took connections.`)
    await sleep(20)
  }
}

/** Whether somebody takes connections at a port of 127.0.0.1. */
function listens(port: number): Promise<boolean> {
  return new Promise((found) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy()
      found(true)
    }).on('error', () => found(false))
  })
}
