import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { allRows } from '../contract/harness/database-rows.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, form, ask, type Person, register, userIdOf } from '../support/people.ts'

const server = useServer()

const ROUNDS = 4
const WRITERS = 6

type Write = (person: Person, noteId: string) => Promise<Answer>

const note = { title: 'a', content: 'b', tags: ['x', 'y'] }
const writes: Record<string, Write> = {
  'creates notes': (person) => person.ask('POST', '/notes', { body: note }),
  'creates notes with a key': (person) =>
    person.ask('POST', '/notes', { body: note, headers: { 'Idempotency-Key': randomUUID() } }),
  'repeats one key': (person) =>
    person.ask('POST', '/notes', { body: note, headers: { 'Idempotency-Key': 'one-and-the-same-key' } }),
  'replaces notes': (person, id) => person.ask('PUT', `/notes/${id}`, { body: { ...note, content: randomUUID() } }),
  'edits notes': (person, id) =>
    person.ask('POST', `/notes/${id}/edits`, {
      body: { edits: [{ op: 'append', text: randomUUID() }] },
      headers: { 'Idempotency-Key': randomUUID() },
    }),
  'tags notes in batches': (person, id) =>
    person.ask('POST', '/notes/batch', {
      body: { actions: [{ note_id: id, action: 'add_tags', tags: [randomUUID().slice(0, 8)] }] },
    }),
  'trashes and restores notes': async (person, id) => {
    await person.ask('DELETE', `/notes/${id}`)
    return person.ask('POST', `/trash/${id}/restore`)
  },
  'renames tags': (person) =>
    person.ask('POST', '/tags/rename', { body: { from: ['x'], to: randomUUID().slice(0, 8) } }),
  'makes API keys': (person) =>
    person.ask('POST', '/api-keys', {
      body: { name: 'k', scopes: ['notes:read'], current_password: person.password },
    }),
  'logs in': (person) =>
    ask(server, 'POST', '/auth/token', form({ username: person.email, password: person.password })),
}

test.each(Object.keys(writes))(
  'an account that %s while it is deleted is gone at once and whole; its writers get 401 or 404, never a 5xx',
  async (name) => {
    const write = writes[name]
    if (write === undefined) throw new Error('There is no such writer')
    for (let round = 0; round < ROUNDS; round += 1) {
      const person = await register(server)
      const made = await person.ask('POST', '/notes', { body: note })
      const over = new AbortController()
      const loop = async (): Promise<Answer[]> => {
        const answers: Answer[] = []
        while (!over.signal.aborted || answers.length < 2) answers.push(await write(person, String(made.body['id'])))
        return answers
      }
      const writers = Array.from({ length: WRITERS }, loop)
      await write(person, String(made.body['id']))
      const deleted = await person.ask('DELETE', '/users/me', { body: { current_password: person.password } })
      over.abort()
      const answers = (await Promise.all(writers)).flat()
      const failed = answers.filter(({ status }) => status >= 500)
      expect(failed.map(({ text }) => text)).toEqual([])
      expect(deleted.status, deleted.text).toBe(204)
      expect(JSON.stringify(await allRows(server.db))).not.toContain(userIdOf(person))
    }
  },
)
