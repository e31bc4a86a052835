export interface Allowed {
  /** What the server answers: the place and type of an error of a 422, or another problem. */
  readonly refusal: string
  /** Where the contract says so, word for word. */
  readonly says: string
}

const ENTITY_TAGS = '`*`, or one or more entity tags separated by commas (RFC 9110, section 8.8.3).'
const AS_READ = 'may be sent as they were read, so that a whole note can be sent back; another value is refused.'
const COMMON_PASSWORDS = 'A password on the list of common passwords is refused.'

/**
 * Requests that fit their schemas and are refused all the same, because a rule of the contract is beyond what a schema
 * can say. Anything else that Schemathesis finds is a fault.
 */
export const ALLOWED: readonly Allowed[] = [
  { refusal: '/cursor cursor_invalid', says: 'and is refused if altered' },
  { refusal: '/skip conflicting_parameters', says: 'It cannot be combined with `skip`.' },
  { refusal: '/If-Match etag_parsing', says: ENTITY_TAGS },
  { refusal: '/If-None-Match etag_parsing', says: ENTITY_TAGS },
  {
    refusal: '/If-Match missing',
    says: '`merge` is refused without an `If-Match` that names the version you read.',
  },
  ...['id', 'version', 'owner_id', 'created_at', 'updated_at'].map((name) => ({
    refusal: `/${name} read_only`,
    says: AS_READ,
  })),
  { refusal: 'note-changed', says: 'if the note has changed since you read it, you get 412 with the current note' },
  { refusal: '/Idempotency-Key idempotency_key_reused', says: 'A different request with that key gets 422.' },
  {
    refusal: '/current_password password_wrong',
    says: 'Changing the e-mail or the password, creating an API key and deleting the account also need the current password.',
  },
  { refusal: '/password password_too_common', says: COMMON_PASSWORDS },
  { refusal: '/new_password password_too_common', says: COMMON_PASSWORDS },
  { refusal: '/edits/* heading_not_found', says: 'The heading, text or task that an edit refers to must be there' },
  { refusal: '/edits/* text_not_found', says: 'The heading, text or task that an edit refers to must be there' },
  { refusal: '/edits/* task_not_found', says: 'The heading, text or task that an edit refers to must be there' },
  {
    refusal: 'malformed-request: Text may not hold the character U+0000.',
    says: 'Unknown fields, duplicate keys, U+0000 and unpaired surrogates are refused',
  },
]
