import {
  asks,
  type Breach,
  conflictsOf,
  hasChanges,
  hasItems,
  hasLinkWith,
  hasText,
  isReplay,
  sends,
  withBody,
  withChanges,
  withHeader,
  withItems,
  withLink,
  withNote,
  withText,
} from './breach.ts'

const OTHER = '019a6f5e-2b1c-7d3a-9c5e-4f6a7b8c9d0e'

/** By the title of the invariant that has to find them. */
export const breaches: Readonly<Record<string, readonly Breach[]>> = {
  'ETag is the version that is shown': [
    { answer: 'restoreRevision 200', lie: withHeader('etag', '"99"') },
    { answer: 'getNote 304', lie: withHeader('etag', '"99"') },
    { answer: 'deleteNote 412', lie: withHeader('etag', '"1"') },
  ],
  'Location is where the thing that was made can be read': [
    { answer: 'createNote 201', lie: withHeader('location', `/notes/${OTHER}`) },
    { answer: 'registerUser 201', lie: withHeader('location', '/users/you') },
  ],
  'Link leads through the list': [
    {
      answer: 'listNotes 200',
      of: hasLinkWith('is_public'),
      lie: (exchange) => withLink(exchange, /&is_public=\w+/, ''),
    },
    {
      answer: 'listTags 200',
      of: hasLinkWith('limit=2'),
      lie: (exchange) => withLink(exchange, /limit=2/, 'limit=100'),
    },
    { answer: 'listRevisions 200', of: hasLinkWith('limit=1'), lie: withItems((items) => [...items, ...items]) },
  ],
  'A list has the order that was asked for': [
    { answer: 'listTrash 200', of: hasItems(3), lie: withItems((items) => items.toReversed()) },
    { answer: 'listSessions 200', of: hasItems(2), lie: withItems((items) => items.toReversed()) },
  ],
  'Everything that is listed meets the filters': [
    {
      answer: 'listNotes 200',
      of: asks('is_pinned=true'),
      lie: withItems((items) => items.map((item) => ({ ...item, is_pinned: false }))),
    },
    {
      answer: 'listNotes 200',
      of: asks('updated_since'),
      lie: withItems((items) => items.map((item) => ({ ...item, updated_at: '2000-01-01T00:00:00Z' }))),
    },
  ],
  'A place in the feed is one change, and places rise': [
    { answer: 'listChanges 200', of: hasChanges(2), lie: withChanges((changes) => changes.toReversed()) },
    {
      answer: 'listChanges 200',
      of: hasChanges(1),
      lie: withChanges((changes) => changes.map((change) => ({ ...change, version: 99 }))),
    },
    { answer: 'streamChanges 200', of: hasText(/"kind":"upsert"/), lie: withText(/"kind":"upsert"/, '"kind":"erase"') },
  ],
  'No credential has more than it was given': [
    {
      answer: 'createToken 200',
      of: sends('refresh_token='),
      lie: withBody({ scope: 'account:read account:write keys:write notes:read notes:write' }),
    },
    { answer: 'createApiKey 201', lie: withBody({ scopes: ['account:read', 'notes:read', 'notes:write'] }) },
    { answer: 'getCredential 200', lie: withBody({ operations: ['getHealth'] }) },
    {
      answer: 'createNote 403',
      lie: withHeader('www-authenticate', 'Bearer realm="notes-api", error="insufficient_scope", scope="notes:read"'),
    },
  ],
  'A credential works until it is ended, and is listed as long': [
    { answer: 'listApiKeys 200', of: hasItems(1), lie: withItems((items) => items.slice(1)) },
    { answer: 'listSessions 200', of: hasItems(2), lie: withItems((items) => items.slice(1)) },
  ],
  'What is answered belongs to who asks, and is what was asked for': [
    { answer: 'restoreRevision 412', lie: withNote('current', { owner_id: OTHER }) },
    { answer: 'updateNote 200', lie: withBody({ id: OTHER }) },
    { answer: 'getMe 200', lie: withBody({ id: OTHER }) },
  ],
  'Moments are in order and true': [
    {
      answer: 'listTrash 200',
      of: hasItems(1),
      lie: withItems((items) => items.map((item) => ({ ...item, erased_after: '2999-01-01T00:00:00Z' }))),
    },
    { answer: 'createNote 201', lie: withBody({ created_at: '2000-01-01T00:00:00Z' }) },
    { answer: 'createApiKey 201', lie: withBody({ expires_at: '2999-01-01T00:00:00Z' }) },
  ],
  'A version is one state of a note': [
    { answer: 'getRevision 200', lie: withBody({ content: 'Something else' }) },
    { answer: 'compareRevisions 200', lie: withBody({ changed: ['is_archived'] }) },
    {
      answer: 'listRevisions 200',
      lie: withItems((items) => items.map((item) => ({ ...item, created_by: { kind: 'session', id: OTHER } }))),
    },
  ],
  'If-Match lets through the version that it names and no other': [
    {
      answer: 'updateNote 412',
      lie: (exchange) => ({
        ...exchange,
        requestHeaders: { ...exchange.requestHeaders, 'if-match': exchange.headers['etag'] ?? '' },
      }),
    },
    {
      answer: 'updateNote 200',
      lie: (exchange) => ({ ...exchange, requestHeaders: { ...exchange.requestHeaders, 'if-match': '"77"' } }),
    },
    {
      answer: 'patchNote 409',
      lie: (exchange) =>
        withBody({ conflicts: conflictsOf(exchange).map((conflict) => ({ ...conflict, line: 1 })) })(exchange),
    },
  ],
  'Answers agree with those before them': [
    { answer: 'updateNote 200', lie: withBody({ is_archived: true }) },
    { answer: 'listNotes 200', of: hasItems(2), lie: withItems((items) => items.slice(1)) },
    {
      answer: 'listTags 200',
      of: hasItems(1),
      lie: withItems((items) => items.map((item) => ({ ...item, count: 77 }))),
    },
    { answer: 'restoreNote 404', lie: (exchange) => ({ ...exchange, status: 200 }) },
    { answer: 'deleteNote 412', lie: (exchange) => ({ ...exchange, status: 204 }) },
  ],
  'A repeated request gets the first answer': [
    { answer: 'createNote 201', of: isReplay, lie: withBody({ title: 'Another' }) },
    { answer: 'editNote 200', of: isReplay, lie: withHeader('etag', '"99"') },
  ],
  'The list of security events tells of each act': [
    {
      answer: 'listSecurityEvents 200',
      of: asks('limit=100'),
      lie: withItems((items) => items.filter(({ type }) => type !== 'login_failed')),
    },
    {
      answer: 'listSecurityEvents 200',
      of: asks('limit=100'),
      lie: withItems((items) => items.map((item) => ({ ...item, subject_id: null }))),
    },
  ],
  'A problem is told as the contract says': [
    { answer: 'getNote 404', lie: withBody({ instance: '/problems/not-found' }) },
    { answer: 'updateNote 412', lie: withHeader('x-request-id', 'another') },
    { answer: 'renameTags 422', lie: withBody({ detail: 'colour in the query: Is not known here.' }) },
  ],
  'A failure tells nothing of the inside': [
    { answer: 'getNote 404', lie: withBody({ detail: 'relation "notes" does not exist' }) },
    { answer: 'getNote 404', lie: withBody({ detail: 'connect ECONNREFUSED 127.0.0.1:5432' }) },
    { answer: 'getNote 404', lie: withBody({ detail: 'canceling statement due to lock timeout' }) },
    { answer: 'deleteNote 404', lie: withBody({ detail: 'Error at findNote (/srv/src/notes/notes.ts:12:3)' }) },
  ],
  'Numbers are what they are said to be': [
    { answer: 'createToken 200', lie: withBody({ expires_in: 900 }) },
    { answer: 'createNote 409', lie: withHeader('retry-after', '3000') },
    { answer: 'changeNotes 200', lie: withBody({ succeeded: 0 }) },
  ],
  'Headers are those of the answer': [
    { answer: 'getMe 200', lie: withHeader('cache-control', 'public') },
    { answer: 'getNote 200', of: ({ method }) => method === 'HEAD', lie: withHeader('content-length', '1') },
  ],
}
