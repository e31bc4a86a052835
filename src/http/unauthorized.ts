import { Problem } from './problem.ts'

/** The 401 of a request without a valid credential, with the challenge of RFC 6750 §3. */
export function unauthorized(detail: string, challenge: string): Problem {
  return new Problem('unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } })
}

/** For an account that was deleted after its credential was checked. */
export function accountGone(): Problem {
  return unauthorized('The account is gone.', 'Bearer realm="notes-api", error="invalid_token"')
}
