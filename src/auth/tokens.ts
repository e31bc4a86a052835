import { createHash, hkdfSync } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { v7 as uuidv7 } from 'uuid'

const ALGORITHM = 'HS256'
/** RFC 9068: an access token is no other kind of JWT. */
const TYPE = 'at+jwt'
const ISSUER = 'notes-api'
const AUDIENCE = 'notes-api'
const CLOCK_TOLERANCE_SECONDS = 30
const LONGEST_LIFE_SECONDS = 86_400
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
  /** undefined for anything that is not a valid access token of ours, whatever is odd about it. */
  readonly verify: (token: string) => Promise<VerifiedClaims | undefined>
}

/** Signs with the first secret key and accepts tokens made with any, so that keys change without a spurious 401. */
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
        // The token only says which of our keys it is; a key that it brings along or points to is never looked at.
        const chooseKey = ({ kid }: { readonly kid?: string }): Uint8Array => {
          const key = byId.get(kid ?? '')
          if (key === undefined) throw new errors.JWKSNoMatchingKey()
          return key
        }
        // RFC 8725 §3.1, §3.8, §3.9, §3.11: the algorithm, issuer, audience and type are ours to say, not the token's.
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
        if (exp - iat > LONGEST_LIFE_SECONDS) return undefined
        if (!isId(sub) || !isId(sid) || typeof scope !== 'string') return undefined
        return { userId: sub, sessionId: sid, scope, expiresAt: exp * 1_000 }
      } catch (error) {
        // jose throws a bare TypeError where key and algorithm do not fit; that is a bad token too.
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

/** One key for each purpose from the one secret (RFC 5869), so that none of them says anything about another. */
export function deriveKey(secretKey: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretKey, 'notes-api', purpose, 32))
}

export function deriveKeys(secretKeys: readonly string[], purpose: string): Uint8Array[] {
  return secretKeys.map((secretKey) => deriveKey(secretKey, purpose))
}
