import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { noteLimits } from '../../../generated/limits.ts'
import { REPLY_TIMEOUT } from '../../../src/listener.ts'
import { type Answer, type Person, userIdOf } from '../../support/people.ts'
import { operations } from '../harness/document-examples.ts'
import { newNote, nextOf } from '../../notes/new-note.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import type { Lab } from './lab.ts'

/** Somebody with so many of everything that can be listed a page at a time; answers where each list is. */
async function withMany(lab: Lab, count: number): Promise<{ person: Person; lists: string[] }> {
  const person = await lab.person()
  const owner = userIdOf(person)
  const { db } = lab.server
  const { id } = await newNote(person)
  for (const deleted of [sql`null`, sql`now() - make_interval(secs => i)`]) {
    await sql`insert into notes (id, owner_id, title, content, created_at, deleted_at)
      select gen_random_uuid(), ${owner}, 'Note ' || i, 'x', now() - make_interval(secs => i), ${deleted}
      from generate_series(1, ${count}::int) i`.execute(db)
  }
  await sql`insert into note_tags (owner_id, note_id, tag_key, tag, position)
    select ${owner}, ${id}, 'tag ' || i, 'tag ' || i, 0 from generate_series(1, ${count}::int) i`.execute(db)
  await sql`insert into note_revisions (note_id, version, text_version, title, tags, is_public, is_pinned, is_archived, created_at)
    select id, i, version, title, tags, false, false, false, now() from notes, generate_series(1, ${count}::int) i where id = ${id}`.execute(
    db,
  )
  await sql`update notes set version = ${count + 1}, text_version = 1 where id = ${id}`.execute(db)
  await sql`insert into note_changes (owner_id, note_id, seq, kind, version, at)
    select ${owner}, gen_random_uuid(), i + 1, 'erase', 1, now() from generate_series(1, ${count}::int) i`.execute(db)
  await sql`update change_counters set seq = ${count + 1} where owner_id = ${owner}`.execute(db)
  await sql`insert into security_events (id, user_id, type)
    select gen_random_uuid(), ${owner}, 'login' from generate_series(1, ${count}::int)`.execute(db)
  const paged = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'limit'))
  return { person, lists: paged.map(({ path }) => path.replace('{note_id}', id)) }
}

/** A page is a list, or an object that has one. */
function itemsOf({ list, body }: Answer): number {
  return Array.isArray(body['changes']) ? body['changes'].length : list.length
}

const mostOnPage: Measure = async ({ value }, lab) => {
  const { person, lists } = await withMany(lab, value + 1)
  for (const list of lists) {
    const page = await person.ask('GET', `${list}?limit=${value}`)
    expect(itemsOf(page), list).toBe(value)
    expect(nextOf(page.headers), list).toContain(`limit=${value}&`)
    expect((await person.ask('GET', `${list}?limit=${value + 1}`)).status, list).toBe(422)
  }
  expect(lists).toHaveLength(7)
}

const usualPage: Measure = async ({ value }, lab) => {
  const { person, lists } = await withMany(lab, value + 1)
  for (const list of lists) {
    const page = await person.ask('GET', list)
    expect(itemsOf(page), list).toBe(value)
    expect(nextOf(page.headers), list).toContain(`limit=${value}&`)
  }
}

const beyondPage: Measure = async ({ value }, lab) => {
  const { ask } = await lab.person()
  expect((await ask('GET', '/notes?limit=1000000')).status).toBe(value)
}

/** The note at an offset is the one that was made so many notes later. */
const mostSkipped: Measure = async ({ value }, lab) => {
  const { person } = await withMany(lab, value + 1)
  expect((await person.ask('GET', `/notes?limit=1&skip=${value}`)).list).toMatchObject([{ title: `Note ${value}` }])
  expect((await person.ask('GET', `/notes?limit=1&skip=${value + 1}`)).status).toBe(422)
  // A cursor leads beyond that.
  const last = await person.ask('GET', `/notes?limit=1&skip=${value}`)
  expect((await person.ask('GET', String(nextOf(last.headers)))).list).toMatchObject([{ title: `Note ${value + 1}` }])
}

const beyondSkip: Measure = async ({ value }, lab) => {
  const { ask } = await lab.person()
  expect((await ask('GET', '/notes?skip=1000000')).status).toBe(value)
}

/** Two titles that differ at this character stand in its order; at the next one they do not differ any more. */
const comparedBy: Measure = async ({ value }, lab) => {
  for (const [same, sorted] of [
    [value - 1, true],
    [value, false],
  ] as const) {
    const person = await lab.person()
    for (const last of 'gfedcba') await newNote(person, { title: `${'x'.repeat(same)}${last}` })
    const { list } = await person.ask('GET', '/notes?sort=title')
    const titles = list.map(({ title }) => String(title))
    // Those that do not differ come in the order of their ids, which is that of their making.
    expect(titles).toEqual(sorted ? titles.toSorted() : titles.toSorted().toReversed())
  }
}

/** Notes whose texts together have as many bytes are a page, and a byte more begins the next one; not with `skip`. */
const textOnPage = (...lists: readonly string[]): Measure => {
  return async ({ value }, lab) => {
    const person = await lab.person()
    const largest = noteLimits.content
    const ids = Array.from({ length: value / largest }, () => randomUUID())
    await sql`insert into notes (id, owner_id, title, content, created_at)
      select id, ${userIdOf(person)}, 'Long', repeat('x', ${largest}::int), now() - interval '1 hour'
      from unnest(${ids}::uuid[]) id`.execute(lab.server.db)
    const trash = (): Promise<unknown> =>
      sql`update notes set deleted_at = created_at where owner_id = ${userIdOf(person)}`.execute(lab.server.db)
    for (const list of lists) {
      const read = async (query: string): Promise<[number, boolean]> => {
        if (list === '/trash') await trash()
        const page = await person.ask('GET', `${list}?limit=100${query}`)
        return [page.list.length, nextOf(page.headers) !== undefined]
      }
      expect(await read('')).toEqual([ids.length, false])
      const { path } = await newNote(person, { content: 'x' })
      expect(await read('')).toEqual([ids.length, true])
      if (list === '/notes') expect(await read('&skip=0')).toEqual([ids.length + 1, false])
      await sql`delete from notes where id = ${path.slice(7)}`.execute(lab.server.db)
    }
  }
}

/** tests/http/listener.test.ts holds the listener to this clock, with a shorter time. */
const unreadFor: Measure = async ({ value, unit }) => {
  expect([value * 1_000, unit]).toEqual([REPLY_TIMEOUT, 'seconds'])
}

/** So many notes are counted; one more makes no difference. */
const mostCounted: Measure = async ({ value }, lab) => {
  const { person, lists } = await withMany(lab, value - 2)
  const counting = ['/notes', '/notes/summaries', '/trash']
  expect(lists).toEqual(expect.arrayContaining(counting))
  const counts = async () =>
    Promise.all(
      counting.map(async (list) =>
        (await person.ask('GET', `${list}?limit=1&count=true`)).headers.get('x-total-count'),
      ),
    )
  // The note whose versions and tags are listed too is no note of the trash.
  expect(await counts()).toEqual([value - 1, value - 1, value - 2].map(String))
  for (let more = 0; more < 3; more += 1) {
    await newNote(person)
    await person.ask('DELETE', (await newNote(person)).path)
  }
  expect(await counts()).toEqual(counting.map(() => String(value)))
}

const excerptLength: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  for (const length of [value, value + 1]) {
    await newNote(person, { content: '語'.repeat(length) })
    const { list } = await person.ask('GET', '/notes/summaries?limit=1')
    expect(list).toMatchObject([{ excerpt: '語'.repeat(value), size: length }])
  }
}

export const listClaims = [
  claim('/components/headers/X-Total-Count/description', 'The server counts up to #:', mostCounted),
  claim('/components/headers/TotalCountOfTrash/description', 'The server counts up to #:', mostCounted),
  claim(INFO, '| what `count=true` counts | # |', mostCounted),
  claim('/components/schemas/NoteSummary/properties/excerpt/description', 'The first # characters', excerptLength),
  claim(about('listNotes'), 'its notes have more than # of text', textOnPage('/notes')),
  claim(about('listTrash'), 'its notes have more than # of text', textOnPage('/trash')),
  claim(INFO, '| text of the notes on a page, but with `skip` | # |', textOnPage('/notes', '/trash')),
  claim(INFO, 'takes nothing of a reply for # is disconnected.', unreadFor),
  claim(INFO, '| a page (`limit`) | #, and # unless you ask | # |', mostOnPage, usualPage, beyondPage),
  claim(INFO, '| `skip` | #; with `cursor` there is no limit | # |', mostSkipped, beyondSkip),
  claim('/components/parameters/Sort/description', 'by their first # characters.', comparedBy),
]
