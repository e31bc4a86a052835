import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { temporaryDirectory } from './process.ts'

/** Whether certificates can be made. In CI they always can: `.ci/run` installs OpenSSL. */
export const hasOpenSsl = spawnSync('openssl', ['version']).status === 0 || process.env['CI'] === 'true'

/** A certificate that signs itself, for these names. */
export function makeCertificate(names = 'DNS:localhost,IP:127.0.0.1'): {
  readonly certificate: string
  readonly key: string
} {
  const home = temporaryDirectory()
  const [certificate, key] = [join(home, 'server.crt'), join(home, 'server.key')]
  const subject = `-subj /CN=localhost -addext subjectAltName=${names}`
  const flags = `req -x509 -newkey rsa:2048 -nodes -days 2 ${subject}`.split(' ')
  execFileSync('openssl', [...flags, '-out', certificate, '-keyout', key], { stdio: 'ignore' })
  return { certificate, key }
}
