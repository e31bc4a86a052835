import { chmodSync, chownSync } from 'node:fs'
import { dirname } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasOpenSsl, makeCertificate } from '../support/certificate.ts'
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from '../support/debian-postgres.ts'
import { cleanUp, databaseEnv, freePort, runServer, serve } from '../support/process.ts'

describe.skipIf(!hasDebianPostgres || !hasOpenSsl)('sslmode means what it means to libpq', () => {
  let postgres: DebianPostgres
  let port: number
  let certificate: string

  beforeAll(async () => {
    const made = makeCertificate('DNS:localhost')
    const { key } = made
    certificate = made.certificate
    // PostgreSQL runs as nobody then.
    if (process.getuid?.() === 0) for (const path of [dirname(key), certificate, key]) chownSync(path, 65_534, 65_534)
    chmodSync(key, 0o600)
    port = await freePort()
    postgres = await startDebianPostgres(undefined, {
      listen_addresses: '127.0.0.1',
      port: String(port),
      ssl: 'on',
      ssl_cert_file: certificate,
      ssl_key_file: key,
    })
  })
  afterAll(async () => {
    await postgres.stop()
    await cleanUp()
  })

  const envOf = (parameters: string, host = '127.0.0.1'): Record<string, string> => {
    const env = databaseEnv({ port, user: 'notes', database: 'postgres' })
    return { ...env, DATABASE_URL: `${env['DATABASE_URL']?.replace('127.0.0.1', host) ?? ''}${parameters}` }
  }

  test.each([
    ['disable', '', '127.0.0.1', false],
    ['require', '', '127.0.0.1', true],
    ['verify-ca', '&sslrootcert=CERTIFICATE', '127.0.0.1', true],
    ['verify-full', '&sslrootcert=CERTIFICATE', 'localhost', true],
  ])('%s%s connects to %s, and nothing is written to standard error', async (mode, more, host, isEncrypted) => {
    const parameters = `?sslmode=${mode}${more.replace('CERTIFICATE', encodeURIComponent(certificate))}`
    const server = await serve(envOf(`${parameters}&application_name=tls`, host))
    const client = new Client(postgres.connection)
    await client.connect()
    const { rows } = await client.query<{ ssl: boolean }>(
      `select bool_and(ssl) as ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'tls'`,
    )
    await client.end()
    expect(rows).toEqual([{ ssl: isEncrypted }])
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.stderr()).toBe('')
  })

  test.each([
    ['an unknown certificate', '?sslmode=verify-full', 'localhost'],
    ['a certificate of another host', '?sslmode=verify-full&sslrootcert=CERTIFICATE', '127.0.0.1'],
  ])('%s ends the start of %s with 1 and one line', async (_, parameters, host) => {
    const text = parameters.replace('CERTIFICATE', encodeURIComponent(certificate))
    const { code, stderr } = await runServer(envOf(text, host))
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^notes-api: DATABASE_URL: the certificate of PostgreSQL is refused \([^\n]+\n$/),
    ])
  })
})
