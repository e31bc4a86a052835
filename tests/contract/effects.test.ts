import { expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { document } from './harness/document-examples.ts'
import { accountEffects } from './effects/account.ts'
import { answerMarks, answers } from './effects/answers.ts'
import { keyEffects } from './effects/api-keys.ts'
import { asRead } from './effects/as-read.ts'
import { batchRequestEffects } from './effects/batch-requests.ts'
import { batchEffects } from './effects/batch.ts'
import { changeEffects } from './effects/changes.ts'
import { createEffects } from './effects/create-note.ts'
import { editEffects } from './effects/edits.ts'
import { eventEffects } from './effects/events.ts'
import { CONSTANT } from './effects/excuses.ts'
import { requestFields } from './effects/fields.ts'
import { historyEffects } from './effects/history.ts'
import { listNotesEffects } from './effects/list-notes.ts'
import { logoutEffects } from './effects/logout.ts'
import { mergeEffects } from './effects/merges.ts'
import { noteEffects } from './effects/notes.ts'
import { preconditionEffects } from './effects/preconditions.ts'
import { sessionEffects } from './effects/sessions.ts'
import { systemEffects } from './effects/system.ts'
import { tagEffects } from './effects/tags.ts'
import { tokenEffects } from './effects/tokens.ts'
import { trashEffects } from './effects/trash.ts'
import { versionEffects } from './effects/versions.ts'

/** listNotesEffects comes last because it leaves ten thousand notes in the database. */
const effects = [
  tokenEffects,
  logoutEffects,
  accountEffects,
  keyEffects,
  sessionEffects,
  eventEffects,
  systemEffects,
  createEffects,
  noteEffects,
  asRead,
  preconditionEffects,
  mergeEffects,
  editEffects,
  batchEffects,
  batchRequestEffects,
  historyEffects,
  versionEffects,
  tagEffects,
  trashEffects,
  changeEffects,
  listNotesEffects,
].flat()

const shown = new Set<string>()
const server = useServer({ trustedProxies: ['127.0.0.1'] })

test.each(effects)('$name has its documented effect, and no other', async ({ run, judge, expected }) => {
  const outcomes = await run(server)
  const { shown: names, faults } = judge(outcomes)
  for (const name of names) shown.add(name)
  const seen = outcomes.map(({ status, seen: what }, index) => {
    const isUnremarkable = status < 300 && expected[index]?.status === undefined
    return { send: expected[index]?.send, status: isUnremarkable ? undefined : status, seen: what }
  })
  expect(seen).toEqual(expected)
  expect(faults).toEqual([])
})

test('every parameter and body field is shown to have its effect, with each of its values and bounds', () => {
  const names = requestFields().flatMap(({ name, marks }) => [name, ...marks.map((mark) => mark.name)])
  expect(names.length).toBeGreaterThan(200)
  expect(names.filter((name) => !shown.has(name))).toEqual([])
})

test('a part without effect is documented to have none', () => {
  const text = document.text.replaceAll(/\s+/g, ' ')
  expect(
    effects.filter(({ ignored }) => ignored !== undefined && !text.includes(ignored)).map(({ name }) => name),
  ).toEqual([])
})

test('every part of a reply varies: each enum value, both booleans, present and absent, two values of others', () => {
  const constant = answerMarks().filter((mark) => !answers.has(mark))
  expect(constant).toEqual(Object.keys(CONSTANT))
})
