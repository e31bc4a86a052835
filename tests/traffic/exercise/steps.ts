import { type Answer, ask, type Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'

/** A note that was made, or that should have been. */
export interface Made {
  readonly id: string
  readonly path: string
}

export async function newNote(person: Person, fields: Readonly<Record<string, unknown>> = {}): Promise<Made> {
  const { body } = await person.ask('POST', '/notes', { body: { title: 'First', content: 'Hello', ...fields } })
  return { id: String(body['id']), path: `/notes/${String(body['id'])}` }
}

/** More pages than any list here has: a Link that never ends is for the judges to find. */
const MOST_PAGES = 60

/** Follows Link to the end. */
export async function followAll(person: Person, address: string): Promise<void> {
  let next: string | undefined = address
  for (let page = 0; next !== undefined && page < MOST_PAGES; page += 1) {
    const { headers }: Answer = await person.ask('GET', next)
    next = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
  }
}

export function form(
  server: Pick<TestServer, 'url'>,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Answer> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return ask(server, 'POST', path, { body: new URLSearchParams(fields).toString(), headers })
}

/** The account, with another credential of its own. */
export function holder(server: Pick<TestServer, 'url'>, owner: Person, accessToken: string): Person {
  return {
    ...owner,
    accessToken,
    ask: (method, path, given = {}) =>
      ask(server, method, path, { ...given, headers: { Authorization: `Bearer ${accessToken}`, ...given.headers } }),
  }
}
