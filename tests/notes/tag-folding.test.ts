import { readdirSync } from 'node:fs'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { tagKey } from '../../src/notes/tags/tags.ts'
import { newOwner } from '../changes/writers.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { useServer } from '../support/fixtures.ts'
import { register } from '../support/people.ts'
import { newNote } from './new-note.ts'

const migrations = readdirSync(new URL('../../migrations', import.meta.url)).toSorted()
const before = migrations.length - migrations.findIndex((name) => name.includes('tag_folding'))

/** How tags were compared before. */
const oldKey = (tag: string): string => Array.from(tag.normalize('NFKC').toLowerCase()).slice(0, 200).join('')

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await migrate(database.connection, { direction: 'down', count: before })
})
afterAll(() => database.drop())

/** A note as the server before wrote it. */
async function write(owner: string, tags: readonly string[], more: object = {}): Promise<string> {
  const id = uuidv7()
  await sql`insert into notes (id, owner_id, title, content, tags, version, text_version)
    values (${id}, ${owner}, 'x', 'y', ${[...tags]}::text[], 3, 2)`.execute(database.db)
  if ('deleted_at' in more) {
    await sql`update notes set deleted_at = now() where id = ${id}`.execute(database.db)
    return id
  }
  const rows = tags.map((tag, position) => ({
    owner_id: owner,
    note_id: id,
    tag_key: oldKey(tag),
    tag,
    position: position + 1,
  }))
  if (rows.length > 0) await database.db.insertInto('note_tags').values(rows).execute()
  return id
}

const note = (id: string) => database.db.selectFrom('notes').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const found = async (id: string) => {
  const rows = await database.db
    .selectFrom('note_tags')
    .selectAll()
    .where('note_id', '=', id)
    .orderBy('position')
    .execute()
  return rows.map(({ tag_key, tag }) => `${tag_key}: ${tag}`)
}
const placesOf = async (owner: string) =>
  (await database.db.selectFrom('note_changes').selectAll().where('owner_id', '=', owner).orderBy('seq').execute()).map(
    ({ note_id, seq, kind, version }) => `${note_id} ${seq} ${kind} ${version}`,
  )

test('the migration folds stored tags: of two that are one now the first stays, as a new version of the note', async () => {
  const [ann, bob] = [await newOwner(database.db), await newOwner(database.db)]
  const twice = await write(ann, ['a', 'STRASSE', 'b', 'Straße'])
  const other = await write(ann, ['Straße', 'STRASSE', 'ς', 'σ'])
  const single = await write(ann, ['Straße', 'z'])
  const ascii = await write(ann, ['Work'])
  const trashed = await write(ann, ['Straße', 'STRASSE'], { deleted_at: true })
  const theirs = await write(bob, ['ᾳ', 'x', 'ΑΙ'])
  const clean = await write(bob, [])
  await sql`insert into change_counters (owner_id, seq) values (${ann}, 7)`.execute(database.db)
  await sql`insert into note_changes (owner_id, note_id, seq, kind, version, at)
    values (${ann}, ${twice}, 7, 'upsert', 3, now())`.execute(database.db)
  const untouched = await Promise.all([single, ascii, trashed, clean].map(note))

  await migrate(database.connection)

  expect(await found(twice)).toEqual(['a: a', 'strasse: STRASSE', 'b: b'])
  expect(await found(other)).toEqual(['strasse: Straße', 'σ: ς'])
  expect(await found(single)).toEqual(['strasse: Straße', 'z: z'])
  expect(await found(ascii)).toEqual(['work: Work'])
  expect(await found(theirs)).toEqual(['αι: ᾳ', 'x: x'])
  expect(await found(trashed)).toEqual([])
  // A later migration adds the size.
  const now = await Promise.all([single, ascii, trashed, clean].map(note))
  expect(now).toEqual(untouched.map((columns) => ({ ...columns, size: 1 })))
  for (const [id, tags] of [
    [twice, ['a', 'STRASSE', 'b']],
    [other, ['Straße', 'ς']],
    [theirs, ['ᾳ', 'x']],
  ] as const) {
    expect(await note(id)).toMatchObject({ tags, version: 4, text_version: 2, content: 'y', changed_by_kind: null })
    const kept = await database.db.selectFrom('note_revisions').selectAll().where('note_id', '=', id).execute()
    expect(kept).toMatchObject([{ version: 3, text_version: 2 }])
    expect(kept[0]?.tags.length).toBeGreaterThan(tags.length)
  }
  expect(await placesOf(ann)).toEqual([`${twice} 8 upsert 4`, `${other} 9 upsert 4`])
  expect(await placesOf(bob)).toEqual([`${theirs} 1 upsert 4`])
  const counters = await database.db
    .selectFrom('change_counters')
    .selectAll()
    .where('owner_id', 'in', [ann, bob])
    .execute()
  expect(new Map(counters.map(({ owner_id, seq }) => [owner_id, seq]))).toEqual(
    new Map([
      [ann, 9],
      [bob, 1],
    ]),
  )

  await migrate(database.connection, { direction: 'down', count: before })
  await migrate(database.connection)
  expect(await note(twice)).toMatchObject({ version: 4 })
})

test('each letter and combination gets the key that the server makes of it', async () => {
  await migrate(database.connection, { direction: 'down', count: before })
  const owner = await newOwner(database.db)
  const id = await write(owner, [])
  const tags = new Set<string>()
  for (let code = 0x80; code < 0x3_00_00; code += 1) {
    const tag = String.fromCodePoint(code)
    // Letters without case are the same in both forms, and too many.
    if (/[\p{L}\p{M}\p{So}\p{No}]/u.test(tag) && (/[^\p{Lo}\p{So}]/u.test(tag) || code % 50 === 0)) {
      for (const spelt of [tag, `${tag}\u0301`, `α${tag}`]) tags.add(spelt.normalize('NFC'))
    }
  }
  tags.add('ﷺ'.repeat(64)).add('ẞς'.repeat(32)).add('ᾳ\u0327').add('ΐ\u0345')
  const keys = new Map([...tags].map((tag) => [oldKey(tag), tag]))
  const rows = [...keys].map(([tag_key, tag], index) => ({
    owner_id: owner,
    note_id: id,
    tag_key,
    tag,
    position: index % 30_000,
  }))
  expect(rows.length).toBeGreaterThan(5_000)
  for (let from = 0; from < rows.length; from += 5_000)
    await database.db
      .insertInto('note_tags')
      .values(rows.slice(from, from + 5_000))
      .execute()
  await migrate(database.connection)
  const stored = await database.db
    .selectFrom('note_tags')
    .select(['tag', 'tag_key'])
    .where('note_id', '=', id)
    .execute()
  expect(stored.filter(({ tag, tag_key }) => tag_key !== tagKey(tag))).toEqual([])
  expect(stored.length).toBe(new Set([...keys.values()].map(tagKey)).size)
})

test('100 000 tags of 10 000 notes are folded in seconds', async () => {
  await migrate(database.connection, { direction: 'down', count: before })
  const owner = await newOwner(database.db)
  // In parts, because a statement has four seconds, also on a busy machine.
  for (let part = 0; part < 10; part += 1)
    await sql`
    with note as (
      insert into notes (id, owner_id, title, content, tags)
      select gen_random_uuid(), ${owner}, 'x', 'y', array(select 'Straße ' || t from generate_series(1, 9) t) || 'STRASSE 1'::text
      from generate_series(1, 1000) returning id, tags)
    insert into note_tags (owner_id, note_id, tag_key, tag, position)
    select ${owner}, id, case when place = 10 then 'strasse 1' else 'straße ' || place end, tag, place
    from note, unnest(tags) with ordinality as one (tag, place)`.execute(database.db)
  const began = performance.now()
  await migrate(database.connection)
  expect(performance.now() - began).toBeLessThan(30_000)
  const { rows } = await sql<{ notes: string; tags: string }>`
    select count(distinct note_id) as notes, count(*) as tags from note_tags where owner_id = ${owner}`.execute(
    database.db,
  )
  expect([Number(rows[0]?.notes), Number(rows[0]?.tags)]).toEqual([10_000, 90_000])
})

test('tagKey makes texts equal that Unicode folds alike, in every form, and is its own key', () => {
  for (let code = 0; code < 0x11_00_00; code += 1) {
    if (code >= 0xd8_00 && code < 0xe0_00) continue
    const tag = String.fromCodePoint(code)
    const key = tagKey(tag)
    if (key === tag) continue
    for (const form of [key, tag.normalize('NFD'), tag.normalize('NFKC'), tag.toLowerCase()])
      if (tagKey(form) !== key) expect.fail(`${code.toString(16)}: ${form}`)
    // The upper case of the dotless ı is I, which folds to i.
    if (tag !== 'ı' && tagKey(tag.toUpperCase()) !== key) expect.fail(`${code.toString(16)} in upper case`)
  }
  // The engine's own simple folding (status C and S) never tells letters apart that we make equal, but for full ones.
  for (const [one, other] of [
    ['k', '\u212a'],
    ['ß', '\u1e9e'],
    ['ω', '\u2126'],
    ['σ', 'ς'],
    ['θ', 'ϴ'],
    ['ꭰ', 'Ꭰ'],
  ] as const) {
    expect(new RegExp(`^${one}$`, 'iu').test(other)).toBe(true)
    expect(tagKey(one)).toBe(tagKey(other))
  }
  expect(new RegExp('^ı$', 'iu').test('i')).toBe(false)
  expect(tagKey('ı')).not.toBe(tagKey('i'))
})

const server = useServer()

test('a note in the trash or a version from before, with two tags that are one now, is restored', async () => {
  const person = await register(server)
  const made = await newNote(person, { tags: ['a'] })
  const tags = ['Straße', 'x', 'STRASSE']
  await person.ask('PATCH', made.path, { body: { tags: ['b'] } })
  await sql`update note_revisions set tags = ${tags}::text[] where note_id = ${made.id}`.execute(server.db)
  const restored = await person.ask('POST', `${made.path}/revisions/1/restore`)
  expect(restored.status, restored.text).toBe(200)
  expect(restored.body['tags']).toEqual(['Straße', 'x'])

  await person.ask('DELETE', made.path)
  await sql`update notes set tags = ${tags}::text[] where id = ${made.id}`.execute(server.db)
  const back = await person.ask('POST', `/trash/${made.id}/restore`)
  expect(back.status, back.text).toBe(200)
  expect((await person.ask('GET', '/tags')).list).toEqual([
    { tag: 'Straße', count: 1 },
    { tag: 'x', count: 1 },
  ])
})
