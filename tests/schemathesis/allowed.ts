export interface Allowed {
  /** What the server answers: the place and type of an error of a 422, or another problem. */
  readonly refusal: string
  /** The sentence of openapi.yaml that says so, word for word. */
  readonly says: string
  /** Chance decides whether it is needed: where no seed needs it, there is a warning instead of a fault. */
  readonly rare?: true
}

const ENTITY_TAGS = '`*`, or one or more entity tags separated by commas (RFC 9110, section 8.8.3).'
const AS_READ =
  '`id`, `version`, `owner_id`, `created_at` and `updated_at` may be sent as they were read, so that a whole note can ' +
  'be sent back; another value is refused.'
const COMMON_PASSWORDS = 'A password on the list of common passwords is refused.'
const EDITED =
  'The heading, text or task that an edit refers to must be there exactly once, or the edit says which one it means; ' +
  'otherwise 422 names the edit by its index, and its `candidates` list what the note has.'

/**
 * Requests that fit their schemas and are refused all the same, because a rule of the contract is beyond what a schema
 * can say. Anything else that Schemathesis finds is a fault.
 */
export const ALLOWED: readonly Allowed[] = [
  { refusal: 'not-found', says: 'There is nothing with this id, or it is not yours.' },
  { refusal: 'email-taken', says: 'An account with this e-mail already exists.' },
  { refusal: 'invalid-grant', says: 'The e-mail and password, or the refresh token, are not valid.' },
  { refusal: 'too-many-api-keys', says: 'The account has the maximum number of API keys.', rare: true },
  {
    refusal: 'invalid-scope',
    says: 'The request cannot be parsed, or asks for a grant or a scope that there is not.',
  },
  {
    refusal: 'note-changed',
    says:
      'Send the `ETag` back as `If-Match` when you write: if the note has changed since you read it, you get 412 ' +
      'with the current note, and nothing is overwritten.',
  },
  {
    refusal: 'merge-conflict',
    says: 'Where the two changes overlap, with the current note and the note before both changes.',
    rare: true,
  },
  {
    refusal: '/cursor cursor_invalid',
    says: 'It belongs to the account it was issued to, and is refused if altered or sent with other filters.',
  },
  { refusal: '/skip conflicting_parameters', says: 'It cannot be combined with `skip`.' },
  { refusal: '/If-Match etag_parsing', says: ENTITY_TAGS },
  { refusal: '/If-None-Match etag_parsing', says: ENTITY_TAGS },
  {
    refusal: '/If-Match missing',
    says: '`merge` is refused without an `If-Match` that names the version you read.',
  },
  { refusal: '/id read_only', says: AS_READ, rare: true },
  { refusal: '/version read_only', says: AS_READ, rare: true },
  { refusal: '/owner_id read_only', says: AS_READ, rare: true },
  { refusal: '/created_at read_only', says: AS_READ, rare: true },
  { refusal: '/updated_at read_only', says: AS_READ, rare: true },
  { refusal: '/Idempotency-Key idempotency_key_reused', says: 'A different request with that key gets 422.' },
  {
    refusal: '/current_password password_wrong',
    says:
      'Changing the e-mail or the password, creating an API key and deleting the account also need the current ' +
      'password.',
  },
  { refusal: '/password password_too_common', says: COMMON_PASSWORDS },
  { refusal: '/new_password password_too_common', says: COMMON_PASSWORDS },
  { refusal: '/edits/* heading_not_found', says: EDITED, rare: true },
  { refusal: '/edits/* text_not_found', says: EDITED, rare: true },
  { refusal: '/edits/* task_not_found', says: EDITED, rare: true },
  {
    refusal: 'malformed-request: Text may not hold the character U+0000.',
    says: 'Unknown fields, duplicate keys, U+0000 and unpaired surrogates are refused, never dropped silently.',
    rare: true,
  },
]
