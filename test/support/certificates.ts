import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An authority that no system trusts, as companies have one, and a certificate that it signed. */
export interface Certificates {
  /** The authority's own certificate, as a file. */
  readonly authority: string
  readonly key: Buffer
  readonly cert: Buffer
}

/** @param hosts The host names that the certificate is for. */
export function makeCertificates(...hosts: readonly string[]): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  const at = (name: string): string => join(directory, name)
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe', cwd: directory })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=An authority of a test')
  openssl('req', ...newKey, '-keyout', 'host.key', '-out', 'host.csr', '-subj', `/CN=${hosts[0]}`)
  writeFileSync(at('host.ext'), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`)
  openssl(
    'x509',
    '-req',
    '-in',
    'host.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'host.pem',
    '-days',
    '2',
    '-extfile',
    'host.ext',
  )
  return { authority: at('ca.pem'), key: readFileSync(at('host.key')), cert: readFileSync(at('host.pem')) }
}
