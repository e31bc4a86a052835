import { createHmac } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { deriveKey } from '../../../src/auth/tokens.ts'
import { SECRET_KEY } from '../../support/server.ts'

type Changes = Readonly<Record<string, unknown>>
interface Forgery {
  /** Claims to replace; undefined removes a claim. */
  readonly claims?: Changes
  readonly header?: Changes
  readonly key?: Uint8Array
}

const rightKey = deriveKey(SECRET_KEY, 'access-token')
const otherKey = deriveKey('another-key-of-the-same-length-0123456789', 'access-token')

/** A genuine token, changed and signed again with the server's own key: only the change can make it fail. */
export async function forge(genuine: string, { claims = {}, header = {}, key = rightKey }: Forgery): Promise<string> {
  const payload = { ...decodeJwt(genuine), ...claims }
  const signer = new SignJWT(payload)
  return signer.setProtectedHeader({ alg: 'HS256', ...decodeProtectedHeader(genuine), ...header }).sign(key)
}

/** A token that declares that it needs no signature (RFC 8725 §3.1). */
function unsigned(genuine: string): string {
  const [, payload = ''] = genuine.split('.')
  return `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`
}

/** As `forge`, for headers that jose refuses to sign. */
function signedByHand(genuine: string, header: Changes): string {
  const [, payload = ''] = genuine.split('.')
  const content = `${encode({ ...decodeProtectedHeader(genuine), ...header })}.${payload}`
  return `${content}.${createHmac('sha256', rightKey).update(content).digest('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const now = (): number => Math.floor(Date.now() / 1000)

/** Tokens that are each wrong in one way, all made from a genuine one. */
export const forgeries: Readonly<Record<string, (genuine: string) => Promise<string>>> = {
  'a token that has expired': (genuine) => forge(genuine, { claims: { iat: now() - 100, exp: now() - 31 } }),
  'a token older than tokens get': (genuine) => forge(genuine, { claims: { iat: now() - 100_000 } }),
  'a token of tomorrow': (genuine) => forge(genuine, { claims: { nbf: now() + 86_400 } }),
  'a token issued in the future': (genuine) => forge(genuine, { claims: { iat: now() + 3_600, exp: now() + 4_000 } }),
  'a token for another audience': (genuine) => forge(genuine, { claims: { aud: 'another-api' } }),
  'a token of another issuer': (genuine) => forge(genuine, { claims: { iss: 'another-issuer' } }),
  'a token of another type': (genuine) => forge(genuine, { header: { typ: 'JWT' } }),
  'a token without type': (genuine) => forge(genuine, { header: { typ: undefined } }),
  'a token with another algorithm': (genuine) => forge(genuine, { header: { alg: 'HS512' } }),
  'a token with algorithm none': async (genuine) => unsigned(genuine),
  'a token signed with another key': (genuine) => forge(genuine, { key: otherKey }),
  'a token of another key id': (genuine) => forge(genuine, { header: { kid: 'another' } }),
  'a token whose key id leads out of the directory': (genuine) =>
    forge(genuine, { header: { kid: '../../../dev/null' } }),
  'a token whose key id is a list': async (genuine) => signedByHand(genuine, { kid: ['a'] }),
  'a token that brings its own key': (genuine) => {
    return forge(genuine, {
      header: { kid: undefined, jwk: { kty: 'oct', k: Buffer.from(otherKey).toString('base64url') } },
      key: otherKey,
    })
  },
  'a token that says where its key is': (genuine) => {
    return forge(genuine, {
      header: { kid: undefined, jku: 'http://127.0.0.1:9/keys', x5u: 'http://127.0.0.1:9/x' },
      key: otherKey,
    })
  },
  'a token with an unknown critical header': async (genuine) => signedByHand(genuine, { crit: ['odd'], odd: 1 }),
  'a token that expires in a million years': (genuine) => forge(genuine, { claims: { exp: 1e300 } }),
  'a token that was issued before time began': (genuine) => forge(genuine, { claims: { iat: -1e300 } }),
  'a token without key id': (genuine) => forge(genuine, { header: { kid: undefined } }),
  'a token with a changed signature': async (genuine) =>
    genuine.slice(0, -4) + (genuine.endsWith('AAAA') ? 'BBBB' : 'AAAA'),
  'a token without signature': async (genuine) => genuine.slice(0, genuine.lastIndexOf('.') + 1),
  ...Object.fromEntries(
    ['exp', 'iat', 'sub', 'jti', 'sid', 'scope', 'aud', 'iss'].map((claim) => {
      return [`a token without ${claim}`, (genuine: string) => forge(genuine, { claims: { [claim]: undefined } })]
    }),
  ),
  'a token with a numeric subject': (genuine) => forge(genuine, { claims: { sub: 7 } }),
  'a token with exp as text': (genuine) => forge(genuine, { claims: { exp: String(now() + 900) } }),
  'a token with its scopes as a list': (genuine) =>
    forge(genuine, { claims: { scope: ['notes:read', 'notes:write', 'account:read'] } }),
  'a token of an unknown session': (genuine) =>
    forge(genuine, { claims: { sid: '019a6f5e-0000-7000-8000-000000000000' } }),
  'a token whose session is no id': (genuine) => forge(genuine, { claims: { sid: 'x' } }),
  'a token of another account than its session': (genuine) =>
    forge(genuine, { claims: { sub: '019a6f5e-0000-7000-8000-000000000000' } }),
}
