import { expect } from 'vitest'
import type { Answer, Person } from '../support/people.ts'

export interface MadeNote {
  readonly id: string
  readonly path: string
}

/** Makes a note of this person. */
export async function newNote(owner: Person, fields: Record<string, unknown> = {}): Promise<MadeNote> {
  return madeNote(await owner.ask('POST', '/notes', { body: { title: 'First', content: 'Hello', ...fields } }))
}

/** The note that a request made. */
export function madeNote({ status, body }: Pick<Answer, 'status' | 'body'>): MadeNote {
  expect(status).toBe(201)
  return { id: String(body['id']), path: `/notes/${String(body['id'])}` }
}

/** The address of the next page in a list's Link header. */
export function nextOf(headers: Headers): string | undefined {
  return /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
}
