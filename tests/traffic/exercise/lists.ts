import { operationCalled } from '../../contract/harness/document-examples.ts'
import type { Person } from '../../support/people.ts'
import { followAll, newNote } from './steps.ts'

const sorts = (operationCalled('listNotes').parameters.find(({ name }) => name === 'sort')?.schema.value['enum'] ??
  []) as readonly string[]

/** Every list of notes and tags, in each order and with each filter, from its first page to the last. Asserts nothing. */
export async function exerciseLists(person: Person): Promise<void> {
  const made: Record<string, unknown>[] = []
  for (let index = 0; index < 9; index += 1) {
    const fields = {
      title: `${'BaCbAcdeF'[index]} ${index % 4}`,
      tags: ['all', `t${index % 3}`, ...(index % 2 === 0 ? ['Even'] : [])],
    }
    await newNote(person, {
      ...fields,
      is_public: index % 3 === 0,
      is_pinned: index % 4 === 0,
      is_archived: index % 5 === 0,
    })
    made.push(fields)
  }
  const { list } = await person.ask('GET', '/notes')
  for (const index of [2, 6])
    await person.ask('PUT', `/notes/${String(list[index]?.['id'])}`, { body: { content: 'Later' } })
  const since = encodeURIComponent(String(list[4]?.['updated_at']))
  for (const sort of sorts) for (const limit of [2, 100]) await followAll(person, `/notes?sort=${sort}&limit=${limit}`)
  const filters = [
    'is_public=true',
    'is_public=false',
    'is_pinned=true',
    'is_archived=false',
    'tag=ALL',
    'tag=all&tag=even',
    `updated_since=${since}`,
  ]
  for (const filter of filters) await followAll(person, `/notes?limit=2&${filter}`)
  await followAll(
    person,
    `/notes?limit=2&sort=title&tag=all&is_public=false&is_pinned=false&is_archived=false&updated_since=${since}`,
  )
  for (const skip of [0, 1, 4, 8, 9, 50]) await person.ask('GET', `/notes?limit=3&skip=${skip}`)
  await followAll(person, '/notes?limit=3&skip=2')
  for (const sort of sorts) await followAll(person, `/notes/summaries?sort=${sort}&limit=4`)
  for (const filter of filters) await followAll(person, `/notes/summaries?limit=2&count=true&${filter}`)
  for (const skip of [0, 4, 50]) await person.ask('GET', `/notes/summaries?limit=3&count=true&skip=${skip}`)
  for (const path of ['/notes', '/notes/summaries', '/trash'])
    for (const method of ['HEAD', 'GET']) await person.ask(method, `${path}?limit=5&count=true`)
  for (const method of ['HEAD', 'GET']) await person.ask(method, '/notes?limit=5')
  for (const limit of [1, 2, 100]) await followAll(person, `/tags?limit=${limit}`)
  for (const method of ['HEAD', 'GET']) await person.ask(method, '/tags')
  // New notes come before the pages that are being followed, never among them.
  const first = await person.ask('GET', '/notes?limit=4')
  await newNote(person)
  const next = /^<(.+)>/.exec(first.headers.get('link') ?? '')?.[1]
  if (next !== undefined) await followAll(person, next)
}

/** The feed, from the beginning and from where it was, in pages and as a stream. */
export async function exerciseChanges(person: Person): Promise<void> {
  const paths = []
  for (let index = 0; index < 5; index += 1) paths.push((await newNote(person, { title: `Note ${index}` })).path)
  const { body } = await person.ask('GET', '/changes')
  const [first = '', second = '', third = ''] = paths
  await person.ask('PUT', first, { body: { content: 'Later' } })
  await person.ask('DELETE', second)
  await person.ask('DELETE', third)
  await person.ask('DELETE', third.replace('/notes/', '/trash/'))
  for (const limit of [1, 2, 100]) await followAll(person, `/changes?limit=${limit}`)
  const cursor = String(body['cursor'])
  await followAll(person, `/changes?limit=2&cursor=${cursor}`)
  await person.ask('GET', `/changes/stream?cursor=${cursor}`)
  await person.ask('GET', '/changes/stream', { headers: { 'Last-Event-ID': cursor } })
  for (const path of ['/changes', '/changes/stream']) await person.ask('HEAD', path)
}

/** More notes than the longest page. */
export async function exerciseLongList(person: Person): Promise<void> {
  for (let index = 0; index < 104; index += 1) await newNote(person)
  for (const rest of ['limit=100', 'limit=3&skip=101', 'limit=100&skip=3']) await followAll(person, `/notes?${rest}`)
}
