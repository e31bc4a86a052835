import type { Problem } from './problem.ts'
import type { ProblemSlug } from './problem-kinds.ts'

/** The error codes of RFC 6749 §5.2; for too many attempts, where it has none, the code of §4.1.2.1 that fits. */
const CODES: Partial<Record<ProblemSlug, string>> = {
  'malformed-request': 'invalid_request',
  'unsupported-grant-type': 'unsupported_grant_type',
  'invalid-scope': 'invalid_scope',
  'invalid-grant': 'invalid_grant',
  'body-too-large': 'invalid_request',
  'unsupported-media-type': 'invalid_request',
  'validation-failed': 'invalid_request',
  'too-many-attempts': 'temporarily_unavailable',
  'rate-limited': 'temporarily_unavailable',
}

/** What a problem says to clients of OAuth 2.0; nothing for one that is not about their request. */
export function oauthMembers({ slug, message }: Problem): Readonly<Record<string, string>> {
  const code = CODES[slug]
  return code === undefined ? {} : { error: code, error_description: inPlainAscii(message) }
}

/** `error_description` may have only these characters (RFC 6749 §5.2). */
function inPlainAscii(text: string): string {
  return text.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7E]/g, '?')
}
