import { expect } from 'vitest'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { operations } from '../harness/document-examples.ts'
import { textsOf } from '../harness/texts.ts'
import { type Attempt, isSuccess, send, wellFormed } from '../operations.ts'
import type { Answer } from '../../support/people.ts'
import { claim, INFO, type Measure } from './claims.ts'
import type { Lab } from './lab.ts'

const isOfAccount = ({ path }: Operation): boolean => !/^\/(notes|tags|trash)/.test(path)
const takers = operations.filter(({ body }) => body !== undefined)

/** Blanks before JSON, and ampersands in a form, mean nothing. */
async function ofSize(lab: Lab, operation: Operation, bytes: number): Promise<Answer> {
  const person = await lab.person()
  const attempt: Attempt = await wellFormed(operation, lab.server, person)
  const body = (attempt.body ?? '').padStart(
    bytes,
    operation.body?.content.has('application/x-www-form-urlencoded') === true ? '&' : ' ',
  )
  return send(lab.server, { ...attempt, body }, `Bearer ${person.accessToken}`)
}

const mostBytes = (isMeant: (operation: Operation) => boolean): Measure => {
  return async ({ value, unit }, lab) => {
    expect(unit).toBe('bytes')
    for (const operation of takers.filter(isMeant)) {
      const taken = await ofSize(lab, operation, value)
      expect(isSuccess(taken), `${operation.operationId}: ${taken.text}`).toBe(true)
      const refused = await ofSize(lab, operation, value + 1)
      expect([refused.status, refused.body['detail']]).toEqual([
        413,
        `The body may have at most ${value} bytes, and has ${value + 1}.`,
      ])
    }
  }
}
const smallBytes = mostBytes(isOfAccount)
const isOfNote = ({ operationId }: Operation): boolean =>
  ['createNote', 'updateNote', 'patchNote', 'editNote'].includes(operationId)
const noteBytes = mostBytes(isOfNote)
const largeBytes = mostBytes((operation) => !isOfAccount(operation) && !isOfNote(operation))

/** The size of the body that is refused in the example. */
const oneMore = (measure: Measure): Measure => {
  return ({ value, ...figure }, lab) => measure({ ...figure, value: value - 1, unit: 'bytes' }, lab)
}

const beyondBytes: Measure = async ({ value }, lab) => {
  for (const operation of takers)
    expect((await ofSize(lab, operation, 14_000_000)).status, operation.operationId).toBe(value)
}

/** What is read to its end is no note (422); what is too much is not read (400). */
async function statusOf(lab: Lab, body: string): Promise<number> {
  const { ask } = await lab.person()
  return (await ask('POST', '/notes', { body, headers: { 'Content-Type': 'application/json' } })).status
}

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

const levels: Measure = async ({ value }, lab) => {
  expect(await statusOf(lab, nested(value))).toBe(422)
  expect(await statusOf(lab, nested(value + 1))).toBe(400)
}

const list = (count: number): string => JSON.stringify(Array.from({ length: count - 1 }, () => 1))

/** The list is a value itself. */
const values: Measure = async ({ value }, lab) => {
  expect(await statusOf(lab, list(value))).toBe(422)
  expect(await statusOf(lab, list(value + 1))).toBe(400)
}

/** What is read to its end has an unknown field (422). */
const mostText: Measure = async ({ value, unit }, lab) => {
  expect(unit).toBeUndefined()
  expect(await statusOf(lab, JSON.stringify(textsOf(value)))).toBe(422)
  expect(await statusOf(lab, JSON.stringify(textsOf(value + 1)))).toBe(413)
}

const beyondText: Measure = async ({ value }, lab) => {
  expect(await statusOf(lab, JSON.stringify(textsOf(13_000_000)))).toBe(value)
}

const detailOf = (response: string, example = 'tooLarge'): string =>
  `/components/responses/${response}/content/application~1problem+json/examples/${example}/value/detail`

export const bodyClaims = [
  claim(
    INFO,
    ', at most #, # levels deep and # values; account and token requests are at most #.',
    largeBytes,
    levels,
    values,
    smallBytes,
  ),
  claim(INFO, 'A request that writes a note may have #, so', noteBytes),
  claim(
    INFO,
    '| a request body | #; # for a note; # for accounts and tokens | # |',
    largeBytes,
    noteBytes,
    smallBytes,
    beyondBytes,
  ),
  claim(INFO, '| the texts in a request body, together | # characters | # |', mostText, beyondText),
  claim(detailOf('NoteBodyTooLarge'), 'The body may have at most #, and has #.', noteBytes, oneMore(noteBytes)),
  claim(
    detailOf('NoteBodyTooLarge', 'tooMuchText'),
    'The texts in the body may have at most # characters together.',
    mostText,
  ),
  claim(detailOf('TooLarge'), 'The body may have at most #, and has #.', largeBytes, oneMore(largeBytes)),
  claim(detailOf('SmallBodyTooLarge'), 'The body may have at most #, and has #.', smallBytes, oneMore(smallBytes)),
  claim(detailOf('OAuthBodyTooLarge'), 'The body may have at most #, and has #.', smallBytes, oneMore(smallBytes)),
]
