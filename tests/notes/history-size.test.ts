import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { findNote, insertNote } from '../../src/notes/core/notes.ts'
import { findRevision } from '../../src/notes/history/revisions.ts'
import { lockNote } from '../../src/notes/core/lock-note.ts'
import { writeNote } from '../../src/notes/core/write-note.ts'
import { useDatabase } from '../support/fixtures.ts'
import { randomFrom } from '../text/random.ts'

/** 1000 versions of a note of 100 kB may take 4 MB (docs/decisions/0010); this is a quarter of that. */
const VERSIONS = 250
const MOST_BYTES = 1_000_000

const database = useDatabase()

test(
  '250 versions of a note of 100 kB take less than 1 MB, and each reads unchanged',
  { timeout: 60_000 },
  async () => {
    const { db } = database
    const ownerId = uuidv7()
    await db.insertInto('users').values({ id: ownerId, email: 'a', email_key: 'a', password_hash: '' }).execute()
    const random = randomFrom(7)
    const words = Array.from({ length: 5_000 }, () => random.below(36 ** 6).toString(36))
    const line = () => Array.from({ length: 12 }, () => random.oneOf(words)).join(' ')
    const lines = Array.from({ length: 1_250 }, line)
    const author = { changed_by_kind: null, changed_by_id: null }
    const fields = { title: 'x', is_public: false, tags: [], is_pinned: false, is_archived: false, ...author }
    const texts = [lines.join('\n')]
    const { id } = await inTransaction(db, (tx) =>
      insertNote(tx, ownerId, { id: uuidv7(), content: lines.join('\n'), ...fields }),
    )
    for (let version = 2; version <= VERSIONS; version += 1) {
      lines[random.below(lines.length)] = line()
      const content = lines.join('\n')
      texts.push(content)
      await inTransaction(db, async (transaction) => {
        const current = await lockNote(transaction, ownerId, id)
        if (current !== undefined)
          await writeNote(transaction, current, { content }, { author, historyVersions: 1_000 })
      })
    }
    expect(Buffer.byteLength(texts[0] ?? '')).toBeGreaterThan(90_000)
    const { rows } = await sql<{ bytes: number }>`
    select pg_total_relation_size('note_texts') + pg_total_relation_size('note_revisions') as bytes`.execute(db)
    expect(rows[0]?.bytes).toBeLessThan(MOST_BYTES)
    const note = await findNote(db, ownerId, id)
    expect(note?.version).toBe(VERSIONS)
    if (note === undefined) return
    for (const [index, text] of texts.entries())
      expect((await findRevision(db, note, index + 1))?.content === text).toBe(true)
  },
)
