import { createPostgresStore } from '@postern/stores'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../support/certificates.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'

describe.skipIf(findProgram('postgresql') === undefined)('TLS to PostgreSQL', { timeout: 60_000 }, () => {
  let certificates: Certificates
  let withTls: PostgresServer
  let withoutTls: PostgresServer
  beforeAll(async () => {
    certificates = makeCertificates('localhost')
    withTls = await preparePostgres({ tls: certificates })
    withoutTls = await preparePostgres()
    await Promise.all([withTls.start(), withoutTls.start()])
  }, 120_000)
  afterAll(async () => {
    await withTls.close()
    await withoutTls.close()
  })

  /** Asks a store once; `undefined` if it answered, else why it did not. */
  async function fault(server: PostgresServer, parameters: string, host = 'localhost'): Promise<string | undefined> {
    const store = createPostgresStore({ url: `postgres://tester@${host}:${server.port}/postgres?${parameters}` })
    try {
      await store.counters.add('k', Date.now() + 60_000)
      return undefined
    } catch (error) {
      return (error as Error).message
    } finally {
      await store.close()
    }
  }

  test.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
    'checks the certificate with sslmode=%s, and never goes on without TLS',
    async (mode) => {
      const trusted = `sslmode=${mode}&sslrootcert=${certificates.authority}`
      expect(await fault(withTls, trusted)).toBeUndefined()
      expect(await fault(withTls, trusted, '127.0.0.1')).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/)
      expect(await fault(withTls, `sslmode=${mode}`)).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/)
      expect(await fault(withoutTls, trusted)).toBe('PostgreSQL cannot be used: it does not take TLS.')
    },
  )

  test('encrypts without a check with sslmode=no-verify, and never goes on without TLS', async () => {
    expect(await fault(withTls, 'sslmode=no-verify')).toBeUndefined()
    expect(await fault(withoutTls, 'sslmode=no-verify')).toBe('PostgreSQL cannot be used: it does not take TLS.')
  })

  test('is left out with sslmode=disable, or where the address says nothing', async () => {
    expect(await fault(withoutTls, 'sslmode=disable')).toBeUndefined()
    expect(await fault(withoutTls, '')).toBeUndefined()
  })
})
