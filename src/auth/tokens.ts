import { createHash, hkdfSync } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { v7 as uuidv7 } from 'uuid'

const ALGORITHM = 'HS256'
/** RFC 9068 §2.1: no other kind of JWT passes as an access token. */
const TYPE = 'at+jwt'
const ISSUER = 'notes-api'
const AUDIENCE = 'notes-api'
const CLOCK_TOLERANCE_SECONDS = 30
const MAX_LIFETIME_SECONDS = 86_400
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface AccessClaims {
  readonly userId: string
  readonly sessionId: string
  readonly scope: string
}

export interface VerifiedClaims extends AccessClaims {
  /** In milliseconds since 1970. */
  readonly expiresAt: number
}

export interface Tokens {
  readonly accessTokenSeconds: number
  readonly sign: (claims: AccessClaims) => Promise<string>
  /** undefined for anything that is not a valid access token of ours. */
  readonly verify: (token: string) => Promise<VerifiedClaims | undefined>
}

/** Signs with the first secret key and accepts all, so that a key can be replaced without refusing valid tokens. */
export function createTokens(secretKeys: readonly string[], accessTokenSeconds: number): Tokens {
  const keys = deriveKeys(secretKeys, 'access-token')
  const byId = new Map(keys.map((key) => [keyId(key), key]))
  const [signingKey] = keys
  if (signingKey === undefined) throw new Error('Tokens need a secret key')
  return {
    accessTokenSeconds,
    sign: ({ userId, sessionId, scope }) =>
      new SignJWT({ sid: sessionId, scope })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: keyId(signingKey) })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setJti(uuidv7())
        .setIssuedAt()
        .setExpirationTime(`${accessTokenSeconds}s`)
        .sign(signingKey),
    verify: async (token) => {
      try {
        // The token only names one of our keys. A key that it contains or refers to (jwk, jku, x5u) is ignored.
        const chooseKey = ({ kid }: { readonly kid?: string }): Uint8Array => {
          const key = byId.get(kid ?? '')
          if (key === undefined) throw new errors.JWKSNoMatchingKey()
          return key
        }
        // RFC 8725 §3.1, §3.8, §3.9, §3.11: we set the algorithm, issuer, audience and type, not the token.
        const { payload } = await jwtVerify(token, chooseKey, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['exp', 'iat', 'sub', 'jti', 'sid', 'scope'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          maxTokenAge: accessTokenSeconds,
        })
        const { sub, sid, scope, iat = 0, exp = Number.POSITIVE_INFINITY } = payload
        // exp - iat exceeds our maximum TTL, so we did not issue this token.
        if (exp - iat > MAX_LIFETIME_SECONDS) return undefined
        if (!isId(sub) || !isId(sid) || typeof scope !== 'string') return undefined
        return { userId: sub, sessionId: sid, scope, expiresAt: exp * 1_000 }
      } catch (error) {
        // jose throws a plain TypeError if key and algorithm do not match; the token is invalid then, too.
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
        throw error
      }
    },
  }
}

function keyId(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 16)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** Derives a key for each purpose from the one secret (RFC 5869), so that no key reveals another. */
export function deriveKey(secretKey: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretKey, 'notes-api', purpose, 32))
}

export function deriveKeys(secretKeys: readonly string[], purpose: string): Uint8Array[] {
  return secretKeys.map((secretKey) => deriveKey(secretKey, purpose))
}
