import { sql } from 'kysely'
import { ids, type Story, times } from './story.ts'

type Stage = (story: Story) => Promise<unknown>

/** What happens between the beginning of the story and the example of an operation, or one of its examples. */
export const stages: Readonly<Record<string, Stage>> = {
  registerUser: ({ server }) => server.db.deleteFrom('users').execute(),
  createApiKey: ({ server }) => server.db.deleteFrom('api_keys').execute(),
  createNote: async ({ server }) => {
    await server.db.deleteFrom('notes').execute()
    await server.db.deleteFrom('note_changes').execute()
    await server.db.deleteFrom('change_counters').execute()
  },
  changeNotes: ({ server }) => server.db.deleteFrom('notes').where('id', '=', ids.secondNote).execute(),
  'editNote several': (story) => write(story, 'Due tomorrow.\n\n## Shopping\n\n- [ ] milk\n'),
  'editNote oneOfSeveral': (story) =>
    write(story, '# 2025\n\n## Shopping\n\n- [ ] milk\n\n# 2026\n\n## Shopping\n\nDue tomorrow.\n\n- [ ] milk\n'),
  listRevisions: (story) => change(story, { title: 'Renamed' }),
  restoreRevision: (story) => change(story, { title: 'Renamed' }),
  compareRevisions: (story) => change(story, { content: 'Hello\nWorld\n' }),
  listTags: async (story) => {
    await change(story, { tags: ['groceries'] })
    await change(story, { tags: ['groceries', 'Week 48'] }, ids.secondNote)
  },
  renameTags: async (story) => {
    await change(story, { tags: ['todo'] })
    await change(story, { tags: ['to do'] }, ids.secondNote)
  },
  'listChanges changes': forgetSecondNote,
  'listChanges trashed': async (story) => {
    await forgetSecondNote(story)
    await trash(story)
  },
  listTrash: trash,
  emptyTrash: trash,
  eraseNote: trash,
  restoreNote: trash,
}

/** What happens while the example of a stream is sent. */
export const meanwhile: Readonly<Record<string, Stage>> = {
  streamChanges: (story) => change(story, { title: 'Renamed' }),
}

function copyNotes({ server }: Story): Promise<unknown> {
  return sql`insert into notes (id, owner_id, title, content) select gen_random_uuid(), owner_id, title, content
    from notes, generate_series(1, 30)`.execute(server.db)
}

/** As if there had only been the first note. */
async function forgetSecondNote({ server }: Story): Promise<void> {
  await server.db.deleteFrom('notes').where('id', '=', ids.secondNote).execute()
  await server.db.deleteFrom('note_changes').where('note_id', '=', ids.secondNote).execute()
  await server.db.updateTable('change_counters').set({ seq: 1 }).execute()
}

/** Another content of the first note from its beginning. */
export async function write({ server }: Story, content: string): Promise<void> {
  await server.db.updateTable('notes').set({ content }).where('id', '=', ids.firstNote).execute()
}

/** The change of the story that makes version 2 of a note. */
export async function change(
  story: Story,
  fields: Readonly<Record<string, unknown>>,
  note: string = ids.firstNote,
): Promise<void> {
  await story.send('PUT', `/notes/${note}`, fields)
  const updated_at = story.time.toNow(times.changed)
  await story.server.db.updateTable('notes').set({ updated_at }).where('id', '=', note).execute()
}

async function trash(story: Story): Promise<void> {
  await story.send('DELETE', `/notes/${ids.firstNote}`)
  const deleted_at = story.time.toNow(times.trashed)
  await story.server.db.updateTable('notes').set({ deleted_at }).where('id', '=', ids.firstNote).execute()
  await story.server.db
    .updateTable('note_changes')
    .set({ at: deleted_at })
    .where('note_id', '=', ids.firstNote)
    .execute()
}

async function manyNotes(story: Story): Promise<void> {
  for (let count = 0; count < 25; count += 1)
    await story.send('POST', '/notes', { title: `${count}`, content: 'Hello' })
}

/** Enough of what a list holds that its first page is not the last. */
export const manyOf: Readonly<Record<string, Stage>> = {
  listChanges: manyNotes,
  // Of streams: what has the cursors that they take.
  streamChanges: manyNotes,
  listNotes: copyNotes,
  listNoteSummaries: copyNotes,
  listRevisions: async (story) => {
    for (let count = 0; count < 25; count += 1) await change(story, { title: `Renamed ${count}` })
  },
  listTags: (story) => change(story, { tags: Array.from({ length: 25 }, (_, index) => `groceries ${index}`) }),
  listTrash: async (story) => {
    await trash(story)
    await sql`insert into notes (id, owner_id, title, content, deleted_at) select gen_random_uuid(), owner_id, title, content, deleted_at
      from notes, generate_series(1, 30) where deleted_at is not null`.execute(story.server.db)
  },
  listSecurityEvents: ({ server }) =>
    sql`insert into security_events (id, user_id, type, address, created_at) select gen_random_uuid(), user_id, type, address, created_at
      from security_events, generate_series(1, 30)`.execute(server.db),
}
