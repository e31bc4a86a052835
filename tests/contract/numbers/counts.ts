import { expect } from 'vitest'
import { newNote } from '../../notes/new-note.ts'
import type { Answer, Person } from '../../support/people.ts'
import { about, claim, type Claim, type Measure } from './claims.ts'

/** How many times a request may be repeated; the state is then the same as after the first. */
const changesNothingMore = (
  request: (person: Person) => Promise<{ send: () => Promise<Answer>; path: string }>,
): Measure => {
  return async ({ value }, lab) => {
    const person = await lab.person()
    const { send, path } = await request(person)
    expect((await send()).status).toBe(200)
    const { text } = await person.ask('GET', path)
    for (let time = 2; time <= value; time += 1) expect((await send()).status).toBe(200)
    expect((await person.ask('GET', path)).text).toBe(text)
    expect(value).toBeGreaterThan(1)
  }
}

const restoreTwice = changesNothingMore(async (person) => {
  const { path } = await newNote(person)
  await person.ask('PUT', path, { body: { title: 'Second' } })
  return { path, send: () => person.ask('POST', `${path}/revisions/1/restore`) }
})

const renameTwice = changesNothingMore(async (person) => {
  const { path } = await newNote(person, { tags: ['a', 'b'] })
  return { path, send: () => person.ask('POST', '/tags/rename', { body: { from: ['a', 'b'], to: 'c' } }) }
})

/** What several tags become. */
const tagsAfterRename: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const notes = [await newNote(person, { tags: ['a', 'b', 'c'] }), await newNote(person, { tags: ['b', 'c'] })]
  await person.ask('POST', '/tags/rename', { body: { from: ['a', 'b'], to: 'c' } })
  for (const { path } of notes) expect((await person.ask('GET', path)).body['tags']).toHaveLength(value)
  expect((await person.ask('GET', '/tags')).list).toHaveLength(value)
}

/** A tag is renamed in every note by so many calls. */
const callsToRename: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  for (let made = 0; made < 3; made += 1) await newNote(person, { tags: ['old'] })
  for (let call = 0; call < value; call += 1)
    await person.ask('POST', '/tags/rename', { body: { from: ['old'], to: 'new' } })
  expect(value).toBe(1)
  expect((await person.ask('GET', '/notes?tag=old')).list).toHaveLength(0)
}

const erased: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const notes = [await newNote(person), await newNote(person)]
  for (const { path } of notes) await person.ask('DELETE', path)
  expect((await person.ask('DELETE', `/trash/${notes[0]?.id}`)).status).toBe(204)
  expect(notes.length - (await person.ask('GET', '/trash')).list.length).toBe(value)
}

const versionsCompared: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  const { body } = await person.ask('GET', `${path}/revisions/1/diff`)
  expect(Object.keys(body).filter((name) => name.endsWith('_version'))).toHaveLength(value)
}

const versionsTold: Measure = async ({ value, text, start }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  await person.ask('PUT', path, { body: { title: 'Second' } })
  const { body } = await person.ask('POST', `${path}/revisions/1/restore`)
  expect(value).toBe(text.slice(0, start).includes(', as version') ? body['version'] : 1)
}

/** A tag of two notes that is written in as many ways. */
const spellingsListed: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  for (const tag of ['Work', 'work']) await newNote(person, { tags: [tag] })
  expect((await person.ask('GET', '/tags')).list).toHaveLength(value)
}

const summaryOf = (pointer: string): string => pointer.replace(/description$/, 'summary')
const restored = `${about('restoreRevision').replace(/description$/, '')}responses/200/content/application~1json/examples/restored/summary`

export const countClaims: readonly Claim[] = [
  claim(about('restoreRevision'), 'Doing it # changes nothing more.', restoreTwice),
  claim(about('renameTags'), 'Doing it # changes nothing more', renameTwice),
  claim(about('renameTags'), 'in its place, in # call.', callsToRename),
  claim(about('renameTags'), 'or `to` already, has it #.', tagsAfterRename),
  claim(summaryOf(about('renameTags')), 'merge several into #', tagsAfterRename),
  claim(about('listTags'), 'in several ways, # is shown.', spellingsListed),
  claim(about('eraseNote'), 'Erases # deleted note', erased),
  claim(summaryOf(about('compareRevisions')), 'Compare # versions', versionsCompared),
  claim('/components/schemas/Comparison/description', 'between # versions', versionsCompared),
  claim(restored, 'as it was in version #, as version #', versionsTold, versionsTold),
]
