import { createHash } from 'node:crypto'
import { list, object, string } from '../../../src/contract/document/document.ts'
import { ask, enrol, type Person, sessionIdOf, userIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { exampleBody, operations, requestExamples } from './document-examples.ts'

type Stage = (server: TestServer, caller: Person) => Promise<void>

/** What an example needs in order to succeed unchanged, beyond what `prepare` makes. */
const stages: Readonly<Record<string, Stage>> = {
  'registerUser newUser': (server) => forgetUser(server, exampleBody('registerUser')['email']),
  'updateMe newEmail': (server) => forgetUser(server, exampleBody('updateMe')['email']),
  'createToken password': async (server) => {
    await forgetUser(server, exampleBody('registerUser')['email'])
    await ask(server, 'POST', '/auth/register', { body: exampleBody('registerUser') })
  },
  'changeNotes tidyUp': async (server, caller) => {
    const [first] = list(exampleBody('changeNotes')['actions']).map((action) => string(object(action)['note_id']))
    const owner_id = userIdOf(caller)
    await server.db.deleteFrom('notes').where('id', '=', String(first)).execute()
    await server.db
      .insertInto('notes')
      .values({ id: String(first), owner_id, title: 'First', content: 'Hello' })
      .execute()
  },
  'createToken refresh': async (server) => {
    const sent = operations.flatMap(requestExamples).flatMap(({ value }) => object(value)['refresh_token'] ?? [])
    const hash = createHash('sha256').update(string(sent[0])).digest()
    const expires_at = new Date(Date.now() + 60_000).toISOString()
    // With the session, because the token that follows it is always the same.
    const earlier = server.db.selectFrom('refresh_tokens').select('session_id').where('token_hash', '=', hash)
    await server.db.deleteFrom('sessions').where('id', 'in', earlier).execute()
    // Of another account, because the example of revokeToken ends this session.
    const session_id = sessionIdOf(await enrol(server))
    await server.db.insertInto('refresh_tokens').values({ token_hash: hash, session_id, expires_at }).execute()
  },
}

/** Makes the example of an operation work for this caller, also repeatedly. */
export async function setStage(
  server: TestServer,
  operationId: string,
  example: string | undefined,
  caller: Person,
): Promise<void> {
  await stages[`${operationId} ${example}`]?.(server, caller)
}

async function forgetUser(server: TestServer, email: unknown): Promise<void> {
  await server.db.deleteFrom('users').where('email', '=', String(email)).execute()
}
