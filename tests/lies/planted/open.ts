import type { Lie } from '../lie.ts'

/** Lies that every gate of the day passed when they were first planted: behaviours of the server, and sentences of its contract. */
export const lies: readonly Lie[] = [
  {
    title: 'restoreRevision shows a foreign note in its 412',
    gate: 'foreign',
    file: 'src/notes/history-handlers.ts',
    from: `        if (current === undefined) throw noSuchNote()
        await requireMatch(transaction, current, headers['If-Match'])`,
    to: `        const named = await transaction.selectFrom('notes').selectAll().where('id', '=', path.note_id).executeTakeFirst()
        if (named !== undefined) await requireMatch(transaction, named, headers['If-Match'])
        if (current === undefined) throw noSuchNote()`,
  },
  {
    title: 'a refresh without scope gives every scope',
    gate: 'invariants',
    file: 'src/auth/token-handlers.ts',
    from: 'const scope = narrowScope(session.scope, body.scope)',
    to: 'const scope = narrowScope(isRefresh && body.scope === undefined ? allScopes : session.scope, body.scope)',
  },
  {
    title: 'the ETag of restoreRevision is one version ahead',
    gate: 'invariants',
    file: 'src/notes/history-handlers.ts',
    from: '{ ETag: etagOf(row) }',
    to: '{ ETag: etagOf({ version: row.version + 1 }) }',
  },
  {
    title: 'the ETag of restoreNote is that of the first version',
    gate: 'invariants',
    file: 'src/notes/trash-handlers.ts',
    from: '{ ETag: etagOf(row) }',
    to: '{ ETag: etagOf({ version: 1 }) }',
  },
  {
    title: 'a 503 carries the message of the driver',
    gate: 'invariants',
    file: 'src/http/problem.ts',
    from: "unavailable('The server cannot reach its database right now.', error)",
    to: 'unavailable(`The server cannot reach its database right now: ${String(error)}`, error)',
  },
  {
    title: 'the answer to an Idempotency-Key is kept for 1 hour',
    gate: 'numbers',
    file: 'src/db/idempotency.ts',
    from: 'const KEPT_HOURS = 24',
    to: 'const KEPT_HOURS = 1',
  },
  {
    title: 'skip ends at 100',
    gate: 'numbers',
    file: 'src/notes/list-notes.ts',
    from: 'offset ${page.skip}`',
    to: 'offset ${Math.min(page.skip, 100)}`',
  },
  {
    title: 'a lost refresh may be repeated for 2 seconds only',
    gate: 'numbers',
    file: 'src/auth/refresh-tokens.ts',
    from: 'const RETRY_SECONDS = 10',
    to: 'const RETRY_SECONDS = 2',
  },
  {
    title: 'erased_after does not know TRASH_DAYS',
    gate: 'numbers',
    file: 'src/notes/trash-handlers.ts',
    from: 'days: trashDays })',
    to: 'days: 30 })',
  },
  {
    title: 'the trash says that it erases at once',
    gate: 'numbers',
    file: 'src/notes/trash.ts',
    from: 'deleted_at + make_interval(days => ${page.days}) as erased_after',
    to: 'deleted_at + make_interval(days => ${page.days} * 0) as erased_after',
  },
  {
    title: 'compareRevisions ignores against',
    gate: 'effects',
    file: 'src/notes/history-handlers.ts',
    from: 'query.against ?? note.version',
    to: 'note.version',
  },
  {
    title: 'listNotes documents a parameter that nothing reads',
    gate: 'effects',
    file: 'openapi.yaml',
    from: "        - $ref: '#/components/parameters/Skip'\n",
    to: `        - $ref: '#/components/parameters/Skip'
        - name: language
          in: query
          description: Lists only notes in this language.
          schema: { type: string, minLength: 2, maxLength: 8, pattern: '^[a-z-]+$' }
          example: en
`,
  },
  {
    title: 'every conflict of a content is in line 1',
    gate: 'examples',
    file: 'src/notes/merge-note.ts',
    from: "({ field: 'content' as const, ...conflict })",
    to: "({ field: 'content' as const, ...conflict, line: 1 })",
  },
  {
    title: 'the examples of createToken have a life that no token has',
    gate: 'examples',
    file: 'openapi.yaml',
    from: 'expires_in: 900',
    to: 'expires_in: 1200',
    everywhere: true,
  },
  {
    title: 'the example of a refused login has words that no server says',
    gate: 'examples',
    file: 'openapi.yaml',
    from: 'detail: The e-mail or the password is wrong.',
    to: 'detail: This account does not exist.',
  },
  {
    title: 'the contract says 90 days of trash by default',
    gate: 'numbers',
    file: 'openapi.yaml',
    from: '(30 by default)',
    to: '(90 by default)',
  },
  {
    title: 'the contract says that security events are kept for 4000 days',
    gate: 'numbers',
    file: 'openapi.yaml',
    from: 'Events are kept for 400 days',
    to: 'Events are kept for 4000 days',
  },
  {
    title: 'the contract says that an Idempotency-Key works for 7 days',
    gate: 'numbers',
    file: 'openapi.yaml',
    from: 'for 24 hours. Another request',
    to: 'for 7 days. Another request',
  },
  {
    title: 'the contract allows 10 wrong passwords',
    gate: 'numbers',
    file: 'openapi.yaml',
    from: '| wrong passwords from one address | 5 |',
    to: '| wrong passwords from one address | 10 |',
  },
  {
    title: 'a tag has another name',
    gate: 'evolution',
    file: 'openapi.yaml',
    from: 'system',
    to: 'server',
    everywhere: true,
  },
  {
    title: 'the names that generators give to the orders of a list are others',
    gate: 'evolution',
    file: 'openapi.yaml',
    from: 'x-enum-varnames: [CreatedAt, CreatedAtDescending,',
    to: 'x-enum-varnames: [Oldest, Newest,',
  },
  {
    title: 'a type of problem has another name',
    gate: 'evolution',
    file: 'openapi.yaml',
    from: 'merge-conflict',
    to: 'edit-conflict',
    everywhere: true,
  },
  {
    title: 'a released contract is edited',
    gate: 'evolution',
    file: 'tests/contract/released/1.0.0.yaml',
    from: 'for 24 hours. Another request',
    to: 'for 12 hours. Another request',
  },
]
