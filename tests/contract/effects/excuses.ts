/** Parts of answers that cannot change, and why. This list may only shrink: an entry that was seen to change fails the test. */
export const CONSTANT: Readonly<Record<string, string>> = {
  'registerUser 201 header Location varies': 'It does with PUBLIC_URL: tests/http/public-address.test.ts.',
  'registerUser 201 is_active=false': 'A new account may log in.',
  'getMe 200 is_active=false': 'A disabled account opens nothing, so its owner cannot read it.',
  'updateMe 200 is_active=false': 'A disabled account opens nothing, so its owner cannot change it.',
  'getCredential 200 scopes empty': 'A login or a key has at least one scope.',
  'getCredential 200 operations empty': 'The public operations are among them.',
  'listSessions 200 [].scopes empty': 'A login has at least one scope.',
  'listApiKeys 200 [].scopes empty': 'A key has at least one scope.',
  'createApiKey 201 scopes empty': 'A key has at least one scope.',
  'createNote 201 header ETag varies': 'A new note is version 1.',
  'createNote 201 version varies': 'A new note is version 1.',
  'createNote 409 header Retry-After varies':
    'The request has waited by itself already; a second more is all there is to say.',
  'editNote 409 header Retry-After varies':
    'The request has waited by itself already; a second more is all there is to say.',
  'listRevisions 200  empty': 'A note has at least the version that it has now.',
  'getHealth 200 version varies': 'The version of the document, to which the case compares it.',
}
