import type { Lie } from '../lie.ts'

const gate = 'foreign'

/** Changes by which an account gets, or learns of, what belongs to another account. */
export const lies: readonly Lie[] = [
  {
    title: 'a public note can be read by every account',
    gate,
    file: 'src/notes/core/notes.ts',
    from: `.where('owner_id', '=', ownerId)`,
    to: `.where((row) => row.or([row('owner_id', '=', ownerId), row('is_public', '=', true)]))`,
  },
  {
    title: 'a note is locked before its owner is checked, so another account waits for its owner',
    gate,
    file: 'src/notes/core/lock-note.ts',
    from: `    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .$castTo<LockedNote>()
    .executeTakeFirst()
`,
    to: `    .where('deleted_at', 'is', null)
    .forUpdate()
    .$castTo<LockedNote>()
    .executeTakeFirst()
    .then((row) => (row?.owner_id === ownerId ? row : undefined))
`,
  },
  {
    title: 'a version that a note does not have is taken from another note',
    gate,
    file: 'src/notes/history/revisions.ts',
    from: `    .where('revision.note_id', '=', note.id)
`,
    to: '',
  },
  {
    title: 'a cursor of the trash is valid for the tags',
    gate,
    file: 'src/notes/trash/trash-handlers.ts',
    from: `list: ['trash']`,
    to: `list: ['tags']`,
  },
  {
    title: 'a cursor is valid for every account',
    gate,
    file: 'src/http/cursor.ts',
    from: 'JSON.stringify([ownerId, list])',
    to: `JSON.stringify([ownerId === '', list])`,
  },
  {
    title: 'a stored reply is sent to every account that uses its key',
    gate,
    file: 'src/db/idempotency.ts',
    from: 'where user_id = ${userId} and operation = ${operation} and key = ${key} and expires_at > now()',
    to: 'where operation = ${operation} and key = ${key} and expires_at > now()',
  },
  {
    title: 'a key under way in one account is under way in all',
    gate,
    file: 'src/db/idempotency.ts',
    from: 'const name = JSON.stringify([userId, operation, key])',
    to: 'const name = JSON.stringify([operation, key])',
  },
  {
    title: 'emptying the trash empties that of every account',
    gate,
    file: 'src/notes/trash/trash.ts',
    from: 'select id from notes where owner_id = ${ownerId} and deleted_at is not null\n      order by',
    to: 'select id from notes where deleted_at is not null\n      order by',
  },
  {
    title: 'a batch reveals the version of a foreign note in the trash',
    gate,
    file: 'src/notes/trash/trash.ts',
    from: `.selectAll().where('id', '=', noteId).where('owner_id', '=', ownerId)`,
    to: `.selectAll().where('id', '=', noteId).$if(ownerId === '', (own) => own.where('owner_id', '=', ownerId))`,
  },
  {
    title: 'a tag is counted in the notes of all accounts',
    gate,
    file: 'src/notes/tags/tags.ts',
    from: 'count(*) as count from note_tags',
    to: '(select count(*) from note_tags theirs where theirs.tag_key = note_tags.tag_key) as count from note_tags',
  },
  {
    title: 'renaming a tag finds it in the notes of all accounts',
    gate,
    file: 'src/notes/tags/rename-tags.ts',
    from: 'sql`owner_id = ${ownerId} and tag_key = any(',
    to: 'sql`tag_key = any(',
  },
  {
    title: 'is_public lists the public notes of all accounts',
    gate,
    file: 'src/notes/list-notes.ts',
    from: 'return [sql`owner_id = ${ownerId}`,',
    to: 'return [filters.is_public === true ? sql`is_public` : sql`owner_id = ${ownerId}`,',
  },
  {
    title: 'an API key of another account gets another reply than an unknown one',
    gate,
    file: 'src/auth/api-key/key-handlers.ts',
    from:
      'if (!(await deleteApiKey(db, key, client.address))) ' +
      `throw new Problem('not-found', 'There is no such API key.')`,
    to: `const found = await db.selectFrom('api_keys').select('id').where('id', '=', key.id).executeTakeFirst()
  const detail = found === undefined ? 'There is no such API key.' : 'This API key is not yours.'
  if (!(await deleteApiKey(db, key, client.address))) throw new Problem('not-found', detail)`,
  },
  {
    title: 'failed logins are counted only for existing accounts',
    gate,
    file: 'src/auth/password/password-check.ts',
    from: 'await attempt.settle(isGood)',
    to: 'if (account !== undefined) await attempt.settle(isGood)',
  },
]
