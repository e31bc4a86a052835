import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { answerMarks, SeenAnswers } from './effects/answers.ts'
import { requestFields } from './effects/fields.ts'
import { listNotesEffects } from './effects/list-notes.ts'
import { noteEffects } from './effects/notes.ts'
import { preconditionEffects } from './effects/preconditions.ts'
import { mergeEffects } from './effects/merges.ts'
import { editEffects } from './effects/edits.ts'
import { batchEffects } from './effects/batch.ts'
import { historyEffects } from './effects/history.ts'
import { tagEffects } from './effects/tags.ts'
import { trashEffects } from './effects/trash.ts'
import { tokenEffects } from './effects/tokens.ts'
import { accountEffects } from './effects/account.ts'
import { sessionEffects } from './effects/sessions.ts'
import { keyEffects } from './effects/api-keys.ts'

const effects = [
  ...tokenEffects,
  ...accountEffects,
  ...sessionEffects,
  ...keyEffects,
  ...noteEffects,
  ...preconditionEffects,
  ...mergeEffects,
  ...editEffects,
  ...batchEffects,
  ...historyEffects,
  ...tagEffects,
  ...trashEffects,
  ...listNotesEffects,
]

const shown = new Set<string>()
const answers = new SeenAnswers()
let server: TestServer

beforeAll(async () => {
  server = await startServer({ onExchange: (exchange) => answers.add(exchange), trustedProxies: ['127.0.0.1'] })
})
afterAll(() => server.stop())

test.each(effects)('$name', async ({ run, judge, expected }) => {
  const outcomes = await run(server)
  const { shown: names, faults } = judge(outcomes)
  for (const name of names) shown.add(name)
  const seen = outcomes.map(({ status, seen: what }, index) => {
    const isSuccess = status < 300 && expected[index]?.status === undefined
    return { send: expected[index]?.send, status: isSuccess ? undefined : status, seen: what }
  })
  expect(seen).toEqual(expected)
  expect(faults).toEqual([])
})

test('fields', () => {
  const names = requestFields().flatMap(({ name, marks }) => [name, ...marks.map((mark) => mark.name)])
  console.log(names.length, names.filter((name) => !shown.has(name)).join('\n'))
  const am = answerMarks()
  console.log(am.length, am.filter((m) => !answers.has(m)).join('\n'))
})
