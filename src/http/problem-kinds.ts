import { serverProblemKinds } from './server-problem-kinds.ts'

/**
 * Every kind of problem this server can answer with: the catalogue behind `/problems/{slug}` (RFC 9457 §3.1.1).
 * A slug is a published address: slugs may be added, but never renamed or removed.
 */
export interface ProblemKind {
  readonly status: number
  readonly title: string
  /** What it means; shown on the page of the problem type. */
  readonly description: string
  /** What the client can do about it. */
  readonly remedy: string
}

export const problemKinds = {
  'malformed-request': {
    status: 400,
    title: 'Malformed request',
    description:
      'The request could not be parsed: broken JSON, a duplicate key, invalid UTF-8, a character that text must not ' +
      'contain, a broken percent-escape, or a body nested too deeply.',
    remedy: 'Correct the syntax that the detail names. Sending the same request again gives the same reply.',
  },
  'unsupported-grant-type': {
    status: 400,
    title: 'Unsupported grant type',
    description: 'The token endpoint does not have the grant that grant_type names.',
    remedy: 'Log in with the grant password, or continue a session with the grant refresh_token.',
  },
  'invalid-scope': {
    status: 400,
    title: 'Invalid scope',
    description: 'The requested scope is unknown or malformed, or the session does not have it.',
    remedy: 'Ask for scopes that the detail names, or leave scope out to get all that are available.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    description:
      'The operation needs an access token or an API key, and the request has none, or one that is invalid or has ' +
      'expired.',
    remedy:
      'Get a token from POST /auth/token and send it as "Authorization: Bearer …". If you had one, refresh it or ' +
      'log in again.',
  },
  'invalid-grant': {
    status: 401,
    title: 'Invalid grant',
    description:
      'The e-mail or the password is wrong, the account is disabled, or the refresh token is unknown, used or expired.',
    remedy: 'Check e-mail and password. If a refresh token was refused, log in again with the password.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'Insufficient scope',
    description: 'The credential is valid but lacks a scope that this operation needs.',
    remedy: 'Log in to get a token with the scopes in missing_scopes. API keys never get account:write or keys:write.',
  },
  'registration-closed': {
    status: 403,
    title: 'Registration closed',
    description: 'Only the operator of this server creates accounts; you cannot register yourself.',
    remedy: 'Ask the operator for an account.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    description:
      'There is nothing at this address, or it is not yours. Both cases get the same reply, so that ids cannot be ' +
      'probed.',
    remedy: 'Check the address. If the note was yours, it may have been deleted.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    description: 'The address exists, but does not accept this method.',
    remedy: 'Use one of the methods in the Allow header.',
  },
  'not-acceptable': {
    status: 406,
    title: 'Not acceptable',
    description: 'The Accept header rules out every media type that the operation can answer with.',
    remedy: 'Leave Accept out, or accept the media type that the detail names.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request timeout',
    description: 'The request did not arrive in full within the time the server waits for one.',
    remedy: 'Send it again over a better connection.',
  },
  'email-taken': {
    status: 409,
    title: 'E-mail taken',
    description: 'An account with this e-mail already exists; upper and lower case make no difference.',
    remedy: 'Log in instead, or register with another e-mail.',
  },
  'too-many-api-keys': {
    status: 409,
    title: 'Too many API keys',
    description: 'The account has the maximum number of API keys; expired keys count too.',
    remedy: 'Revoke a key that you no longer need.',
  },
  'request-in-flight': {
    status: 409,
    title: 'Request in flight',
    description: 'A request with the same Idempotency-Key is still running, and waiting for it took too long.',
    remedy:
      'Wait the number of seconds in Retry-After, then send the request again with the same key: it gets the reply ' +
      'to the first request.',
  },
  'merge-conflict': {
    status: 409,
    title: 'Merge conflict',
    description: 'The note was changed since you read it, and both changes touch the same place. Nothing was changed.',
    remedy: 'Resolve each of the conflicts, apply the result to current, and send it again with the new ETag.',
  },
  'cursor-expired': {
    status: 410,
    title: 'Cursor expired',
    description:
      'The server cannot continue from this cursor: a note was erased after it and is no longer listed, or the ' +
      'database was restored from a backup.',
    remedy: 'Start again without a cursor, and delete your copies of notes that no longer appear.',
  },
  'note-changed': {
    status: 412,
    title: 'Note changed',
    description: 'The note is not the version that If-Match names. Nothing was changed.',
    remedy:
      'Compare your change with current (and base, the version you read), apply it to current, and send it again ' +
      'with the new ETag.',
  },
  'weak-etag': {
    status: 412,
    title: 'Weak entity tag',
    description:
      'If-Match names the note by a weak tag, such as W/"1", and a weak tag matches nothing (RFC 9110, section ' +
      '13.1.1). This server sends strong tags only: a proxy that compresses replies made it weak. The note has not ' +
      'changed, and nothing was done.',
    remedy:
      'Send the tag without W/, such as If-Match: "1". The operator can stop the proxy from compressing the replies ' +
      'of the API.',
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    description: 'The body has more bytes than the operation accepts.',
    remedy: 'Send less; the detail names the limit.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    description: 'The operation does not accept a body of this Content-Type, charset or Content-Encoding.',
    remedy: 'Send one of the media types that the detail names, in UTF-8 and uncompressed.',
  },
  'validation-failed': {
    status: 422,
    title: 'Validation failed',
    description: 'The request is well-formed, but some of it breaks the contract.',
    remedy: 'Correct each place listed in errors: loc says where, msg says what is wrong.',
  },
  'too-many-attempts': {
    status: 429,
    title: 'Too many attempts',
    description:
      'Too many logins have failed for this account or from this network. The reply is the same whether the password ' +
      'is right or wrong, and whether or not the account exists.',
    remedy:
      'Wait the number of seconds in Retry-After, then try again; each further failure doubles the wait, up to 15 ' +
      'minutes.',
  },
  'too-many-streams': {
    status: 429,
    title: 'Too many streams',
    description: 'The account has as many streams open at this server as it may have.',
    remedy: 'Close one of them, then try again after the number of seconds in Retry-After.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    description:
      'Requests cost units, and the quota of this account is used up; for a request without a valid credential, that ' +
      'of its network. RateLimit-Policy has the quota and its window, RateLimit what is left.',
    remedy: 'Wait the number of seconds in Retry-After. Then the whole quota is there again.',
  },
  ...serverProblemKinds,
} as const satisfies Record<string, ProblemKind>

export type ProblemSlug = keyof typeof problemKinds
