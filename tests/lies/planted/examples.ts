import type { Lie } from '../lie.ts'

/** Examples that no server sends, and servers that no longer send the examples. */
export const lies: readonly Lie[] = [
  shown('a note that was archived has version 3', 'status: 200, version: 2 }', 'status: 200, version: 3 }'),
  shown(
    'the replies that change a note show the ETag of another version',
    `example: '"2"'\n    ETagOfVersion3:`,
    `example: '"3"'\n    ETagOfVersion3:`,
  ),
  shown(
    'the first hunk of a comparison has another head',
    String.raw`diff: "--- version 1\n+++ version 2\n@@ -1 +1,2 @@`,
    String.raw`diff: "--- version 1\n+++ version 2\n@@ -1,1 +1,2 @@`,
  ),
  shown(
    'a refreshed token lives for an hour',
    'expires_in: 900\n                    refresh_token: nrt_YW5v',
    'expires_in: 3600\n                    refresh_token: nrt_YW5v',
  ),
  shown('a key that reads notes cannot look into the trash', '                      - listTrash\n', ''),
  shown(
    'a field error has another message',
    "msg: 'Is not known here. Allowed here: on_conflict.'",
    "msg: 'Is no parameter of this operation.'",
  ),
  shown(
    'an account has a hundred API keys',
    'detail: An account has at most 50 API keys.',
    'detail: An account has at most 100 API keys.',
  ),
  shown(
    'three notes had the tags that were renamed',
    'value: { tag: To do, changed: 2 }',
    'value: { tag: To do, changed: 3 }',
  ),
  shown(
    'what is deleted is erased after ninety days',
    "deleted_at: '2026-11-22T10:30:00.5Z'\n                      erased_after: '2026-12-22T10:30:00.5Z'",
    "deleted_at: '2026-11-22T10:30:00.5Z'\n                      erased_after: '2027-02-20T10:30:00.5Z'",
  ),
  shown(
    'a session that is not found has the message for a note',
    'detail: There is no such session.',
    'detail: There is no such note.',
  ),
  shown(
    'the example of a comparison names a version that does not exist',
    'example: 2\n    OnConflict:',
    'example: 3\n    OnConflict:',
  ),
  shown(
    'the example of a field occurs in no reply',
    'examples: [Must have at least 1 character.]',
    'examples: [Must not be empty.]',
  ),
  given(
    'a kind of problem has another title',
    'src/http/problem-kinds.ts',
    "title: 'Too many attempts'",
    "title: 'Too many logins'",
  ),
  given(
    'an unknown note has another message',
    'src/notes/core/refusals.ts',
    "'There is no such note.'",
    "'This note does not exist.'",
  ),
  given(
    'a session is reported to live as long as it may',
    'src/auth/session/sessions.ts',
    'least(sessions.expires_at, max(token',
    'greatest(sessions.expires_at, max(token',
  ),
  given(
    'the trash is kept for ninety days',
    'src/config/settings.ts',
    "field: 'trashDays',\n    fallback: '30'",
    "field: 'trashDays',\n    fallback: '90'",
  ),
  given(
    'a request under way may be repeated much later only',
    'src/http/idempotency.ts',
    "'Retry-After': 1 ",
    "'Retry-After': 30 ",
  ),
  given(
    'the challenge does not name the missing scope',
    'src/contract/request/authorization.ts',
    ', scope="${missing.join(\' \')}"`',
    '`',
  ),
]

function shown(title: string, from: string, to: string): Lie {
  return { title, gate: 'examples', file: 'openapi.yaml', from, to }
}

function given(title: string, file: string, from: string, to: string): Lie {
  return { title, gate: 'examples', file, from, to }
}
