import { randomUUID } from 'node:crypto'
import type { Person } from '../../support/people.ts'
import { followAll, type Made, newNote } from './steps.ts'

const MERGE = { 'Content-Type': 'application/merge-patch+json' }
const TEXT = '# Plan\n\n## Shopping\n\n- [ ] milk\n\n## Work\n\nDue tomorrow.\n'

/** One account's life with its notes: every operation on them, with each of its parameters. Asserts nothing. */
export async function exerciseNotes(ann: Person, reader: Person, bob: Person): Promise<void> {
  const note = await create(ann)
  await read(ann, note)
  await change(ann, note)
  await merge(ann)
  await edit(ann)
  await lookBack(ann, reader)
  await act(ann)
  await throwAway(ann)
  await trespass(bob, note)
}

async function create(ann: Person): Promise<Made> {
  const note = await newNote(ann, {
    title: 'All',
    content: TEXT,
    tags: ['Work', 'week 48', 'WORK'],
    is_public: true,
    is_pinned: true,
    is_archived: true,
  })
  const body = { title: 'Once', content: 'Hello' }
  const headers = { 'Idempotency-Key': randomUUID() }
  const first = await ann.ask('POST', '/notes', { body, headers })
  await ann.ask('PUT', String(first.headers.get('location')), { body: { title: 'Changed meanwhile' } })
  await ann.ask('POST', '/notes', { body, headers })
  await ann.ask('POST', '/notes', { body: { ...body, content: 'Other' }, headers })
  await ann.ask('GET', String(first.headers.get('location')))
  return note
}

async function read(ann: Person, { path }: Made): Promise<void> {
  for (const method of ['GET', 'HEAD', 'GET']) await ann.ask(method, path)
  for (const tag of ['"1"', 'W/"1"', '"7", "1"', '*', '"7"'])
    await ann.ask('GET', path, { headers: { 'If-None-Match': tag } })
  await ann.ask('GET', `/notes/${randomUUID()}`)
}

async function change(ann: Person, { path }: Made): Promise<void> {
  const put = (body: unknown, tag?: string) =>
    ann.ask('PUT', path, { body, ...(tag !== undefined && { headers: { 'If-Match': tag } }) })
  await put({ title: 'Second' })
  await put({ title: 'Second' })
  await put({ tags: ['Work', 'work', 'new'], is_pinned: false }, '"2"')
  await put({ content: 'Nothing of this' }, '"1"')
  await put({ content: 'Nothing of this' }, '"1", "2"')
  await put({ is_archived: false, is_public: false }, '"1", "3"')
  await put({ content: `${TEXT}More\n` }, '*')
  const patch = (body: unknown, headers: Record<string, string> = {}, query = '') =>
    ann.ask('PATCH', `${path}${query}`, { body: JSON.stringify(body), headers: { ...MERGE, ...headers } })
  await patch({ title: 'Third' })
  await patch({})
  await patch({ is_public: true }, { 'If-Match': '"6"' })
  await patch({ title: 'Nothing of this' }, { 'If-Match': '"1"' })
  await patch({ content: 'Nothing of this' }, { 'If-Match': '"6"' }, '?on_conflict=refuse')
  await ann.ask('PATCH', path, { body: { tags: [] } })
  await ann.ask('GET', path)
}

async function merge(ann: Person): Promise<void> {
  const { path } = await newNote(ann, { title: 'Merged', content: 'one\ntwo\nthree\nfour\nfive\n' })
  await ann.ask('PUT', path, { body: { content: 'one\ntwo\nthree theirs\nfour\nfive\n' } })
  const mine = (body: unknown) =>
    ann.ask('PATCH', `${path}?on_conflict=merge`, {
      body: JSON.stringify(body),
      headers: { ...MERGE, 'If-Match': '"1"' },
    })
  await mine({ content: 'one\ntwo\nthree mine\nfour\nfive\n' })
  await mine({ content: 'one\ntwo\nthree\nfour\nfive mine\n', title: 'Merged anew' })
  await mine({ title: 'Merged otherwise' })
  await ann.ask('GET', path)
}

async function edit(ann: Person): Promise<void> {
  const { path } = await newNote(ann, { title: 'Edited', content: TEXT })
  const send = (edits: unknown[], rest: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    ann.ask('POST', `${path}/edits`, { body: { edits, ...rest }, headers })
  const append = [{ op: 'append', text: 'World' }]
  await send(append, { dry_run: true })
  await send(append, { dry_run: true }, { 'If-Match': '"1"' })
  await send(append, {}, { 'If-Match': '"1"' })
  await send(append, {}, { 'If-Match': '"1"' })
  await send(append, { dry_run: true }, { 'If-Match': '"1"' })
  await send([
    { op: 'prepend', text: 'First' },
    { op: 'insert_under', heading: 'Shopping', text: '- [ ] figs', position: 'start' },
    { op: 'toggle_task', task: 'milk', checked: true },
    { op: 'replace_text', find: 'tomorrow', replace: 'today' },
    { op: 'replace_section', heading: '## Work', text: 'Done.' },
  ])
  await send([{ op: 'toggle_task', task: 'milk', checked: true }])
  await send([{ op: 'replace_text', find: 'is not there', replace: '' }])
  const headers = { 'Idempotency-Key': randomUUID() }
  await send(append, {}, headers)
  await send(append, {}, headers)
  await send([{ op: 'append', text: 'Other' }], {}, headers)
  await ann.ask('GET', path)
}

async function lookBack(ann: Person, program: Person): Promise<void> {
  const { path } = await newNote(ann, { title: 'Old', content: 'one\n', tags: ['a'] })
  await ann.ask('PUT', path, { body: { content: 'one\ntwo\n' } })
  await program.ask('PUT', path, { body: { title: 'New', tags: ['b'] } })
  await ann.ask('PUT', path, { body: { is_pinned: true } })
  for (const limit of [1, 2, 100]) await followAll(ann, `${path}/revisions?limit=${limit}`)
  for (const method of ['GET', 'HEAD']) await ann.ask(method, `${path}/revisions`)
  for (const version of [1, 2, 3, 4, 5]) await ann.ask('GET', `${path}/revisions/${version}`)
  await ann.ask('HEAD', `${path}/revisions/4`)
  await ann.ask('GET', `${path}/revisions/4`)
  for (const pair of ['1/diff', '1/diff?against=2', '2/diff?against=1', '3/diff?against=3', '3/diff?against=9']) {
    await ann.ask('GET', `${path}/revisions/${pair}`)
  }
  for (const method of ['HEAD', 'GET']) await ann.ask(method, `${path}/revisions/1/diff`)
  const restore = (version: number, tag?: string) =>
    ann.ask('POST', `${path}/revisions/${version}/restore`, tag === undefined ? {} : { headers: { 'If-Match': tag } })
  await restore(1)
  await restore(1)
  await restore(2, '"1"')
  await restore(2, '"4", "5"')
  await restore(99)
  await ann.ask('GET', path)
  await followAll(ann, `${path}/revisions?limit=3`)
}

async function act(ann: Person): Promise<void> {
  const [one, two] = [await newNote(ann, { tags: ['x'] }), await newNote(ann)]
  const batch = (...actions: unknown[]) => ann.ask('POST', '/notes/batch', { body: { actions } })
  const states = [
    'pin',
    'unpin',
    'archive',
    'unarchive',
    'publish',
    'unpublish',
    'trash',
    'trash',
    'restore',
    'restore',
  ]
  await batch(...states.map((action) => ({ note_id: one.id, action })))
  await batch(
    { note_id: one.id, action: 'add_tags', tags: ['X', 'y'] },
    { note_id: randomUUID(), action: 'pin' },
    { note_id: one.id, action: 'pin', version: 1 },
    { note_id: two.id, action: 'pin', version: 1 },
    { note_id: two.id, action: 'pin', version: 2 },
    { note_id: one.id, action: 'remove_tags', tags: ['x', 'never'] },
  )
  for (const { path } of [one, two]) await ann.ask('GET', path)
  const renamings = [
    { from: ['Y', 'x'], to: 'Z' },
    { from: ['Y', 'x'], to: 'Z' },
    { from: ['z'], to: 'z' },
  ]
  for (const body of renamings) {
    await ann.ask('POST', '/tags/rename', { body })
    for (const { path } of [one, two]) await ann.ask('GET', path)
  }
}

async function throwAway(ann: Person): Promise<void> {
  const notes: Made[] = []
  for (const title of ['a', 'b', 'c', 'd', 'e']) notes.push(await newNote(ann, { title, tags: ['trash', title] }))
  const [one, two, three, four] = notes
  await ann.ask('PUT', one?.path ?? '', { body: { content: 'Second' } })
  await ann.ask('DELETE', one?.path ?? '', { headers: { 'If-Match': '"1"' } })
  await ann.ask('DELETE', one?.path ?? '', { headers: { 'If-Match': '"2"' } })
  for (const made of [two, three, four]) await ann.ask('DELETE', made?.path ?? '')
  for (const address of [one?.path, `${one?.path}/revisions`, `${one?.path}/revisions/1`])
    await ann.ask('GET', String(address))
  await ann.ask('DELETE', one?.path ?? '')
  for (const limit of [1, 3, 100]) await followAll(ann, `/trash?limit=${limit}`)
  await ann.ask('HEAD', '/trash?limit=100')
  await ann.ask('GET', '/tags')
  for (const again of [1, 2]) if (again > 0) await ann.ask('POST', `/trash/${one?.id}/restore`)
  await ann.ask('GET', one?.path ?? '')
  for (const again of [1, 2]) if (again > 0) await ann.ask('DELETE', `/trash/${two?.id}`)
  await ann.ask('DELETE', `/trash/${one?.id}`)
  await ann.ask('DELETE', '/trash')
  await ann.ask('GET', '/trash')
  await ann.ask('POST', `/trash/${three?.id}/restore`)
}

/** Another account names what is not its own. */
async function trespass(bob: Person, { path, id }: Made): Promise<void> {
  const tag = { 'If-Match': '"99"' }
  for (const rest of ['', '/revisions', '/revisions/1', '/revisions/1/diff']) await bob.ask('GET', `${path}${rest}`)
  for (const method of ['PUT', 'PATCH']) await bob.ask(method, path, { body: { title: 'Mine' }, headers: tag })
  await bob.ask('DELETE', path, { headers: tag })
  await bob.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text: 'x' }] }, headers: tag })
  await bob.ask('POST', `${path}/revisions/1/restore`, { headers: tag })
  await bob.ask('POST', `/trash/${id}/restore`)
  await bob.ask('DELETE', `/trash/${id}`)
  await bob.ask('POST', '/notes/batch', { body: { actions: [{ note_id: id, action: 'pin', version: 99 }] } })
}
