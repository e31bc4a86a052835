import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { temporaryDirectory } from './process.ts'

/** A certificate for localhost that signs itself. */
export function makeCertificate(): { readonly certificate: string; readonly key: string } {
  const home = temporaryDirectory()
  const [certificate, key] = [join(home, 'server.crt'), join(home, 'server.key')]
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const flags = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext ${names}`.split(' ')
  execFileSync('openssl', [...flags, '-out', certificate, '-keyout', key], { stdio: 'ignore' })
  return { certificate, key }
}
