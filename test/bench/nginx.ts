import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.js'
import { freePort } from './free-port.js'
import { upstreamCredential } from './headers.js'
import { plainTarget } from './plain-target.js'
import type { RunningSubject } from './subjects.js'
import { untilAnswers } from './until-answers.js'

/** Where Debian puts it. */
const program = '/usr/sbin/nginx'

export const hasNginx = existsSync(program)

/** One process, connections to the upstream that are kept, no buffering of answers: what an SSE proxy is given. */
function configOf(folder: string, port: number, upstream: number): string {
  return `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 16384; }
http {
  access_log off; keepalive_timeout 600s; keepalive_requests 100000000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  upstream gateway { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 100000000; keepalive_timeout 600s; }
  server {
    listen 127.0.0.1:${port} backlog=2048;
    location / {
      proxy_pass http://gateway; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Authorization "${upstreamCredential}";
    }
  }
}
`
}

/** Starts Debian's nginx as a proxy that adds one header. */
export async function startNginx(upstream: number): Promise<RunningSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configOf(folder, port, upstream))
  const child = Child.start('nginx', ['-p', folder, '-c', file, '-e', 'stderr'], { speaks: false, command: program })
  void child.ended.then(() => rm(folder, { recursive: true, force: true }))
  await untilAnswers(child, port)
  return { child, target: plainTarget(port) }
}
