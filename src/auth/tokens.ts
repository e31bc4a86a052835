import { createHash, hkdfSync } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { v7 as uuidv7 } from 'uuid'

const ALGORITHM = 'HS256'
/** RFC 9068: an access token is no other kind of JWT. */
const TYPE = 'at+jwt'
const ISSUER = 'notes-api'
const AUDIENCE = 'notes-api'
const CLOCK_TOLERANCE_SECONDS = 30
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface AccessClaims {
  readonly userId: string
  readonly sessionId: string
  readonly scope: string
}

export interface Tokens {
  readonly accessTokenSeconds: number
  readonly sign: (claims: AccessClaims) => Promise<string>
  /** undefined for anything that is not a valid access token of ours, whatever is odd about it. */
  readonly verify: (token: string) => Promise<AccessClaims | undefined>
}

export function createTokens(secretKey: string, accessTokenSeconds: number): Tokens {
  const key = deriveKey(secretKey, 'access-token')
  const keyId = createHash('sha256').update(key).digest('base64url').slice(0, 16)
  return {
    accessTokenSeconds,
    sign: ({ userId, sessionId, scope }) =>
      new SignJWT({ sid: sessionId, scope })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: keyId })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setJti(uuidv7())
        .setIssuedAt()
        .setExpirationTime(`${accessTokenSeconds}s`)
        .sign(key),
    verify: async (token) => {
      try {
        // RFC 8725 §3.1, §3.8, §3.9, §3.11: the algorithm, issuer, audience and type are ours to say, not the token's.
        const { payload, protectedHeader } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['exp', 'iat', 'sub', 'jti', 'sid', 'scope'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          maxTokenAge: accessTokenSeconds,
        })
        const { sub, sid, scope } = payload
        if (protectedHeader.kid !== keyId || !isId(sub) || !isId(sid) || typeof scope !== 'string') return undefined
        return { userId: sub, sessionId: sid, scope }
      } catch (error) {
        // jose throws a bare TypeError where key and algorithm do not fit; that is a bad token too.
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
        throw error
      }
    },
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** One key for each purpose from the one secret (RFC 5869), so that none of them says anything about another. */
export function deriveKey(secretKey: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretKey, 'notes-api', purpose, 32))
}
