import type { Person } from '../../support/people.ts'
import { operations } from '../harness/document-examples.ts'
import { isSuccess } from '../operations.ts'
import { namingOf } from './cases.ts'
import { attemptOf, type Draft, draftAbout, valueAt, withValue } from './drafts.ts'
import { type Shape, shapesOf } from './places.ts'

/** Used by the victim with the very request that the stranger sends, and with another one. */
export const keys = { same: 'key-used-with-this-request', other: 'key-used-with-another-request' }

/** Has a person use both keys with every operation that takes one. */
export async function useKeys(person: Person, noteId: string): Promise<void> {
  for (const operation of operations) {
    const { operationId } = operation
    const [shape] = shapesOf(operation)
    const place = shape?.places.find(
      (candidate) => namingOf(operationId, candidate.place).names === 'idempotencyKey',
    )?.place
    if (shape === undefined || place === undefined) continue
    const draft = draftAbout(operationId, shape, noteId)
    const requests = [
      withValue(draft, place, keys.same),
      withValue(withOtherText(operationId, shape, draft), place, keys.other),
    ]
    for (const { method, path, body, headers } of requests.map((request) => attemptOf(operation, request))) {
      const answer = await person.ask(method, path, { body, headers })
      if (!isSuccess(answer)) throw new Error(`${operationId} with a key answered ${answer.status}: ${answer.text}`)
    }
  }
}

function withOtherText(operationId: string, { places }: Shape, draft: Draft): Draft {
  const text = places.find(({ place, schema }) => {
    const isWords =
      schema['type'] === 'string' && schema['enum'] === undefined && namingOf(operationId, place).names === 'nothing'
    return isWords && valueAt(draft.body, place) !== undefined
  })
  if (text === undefined) throw new Error(`${operationId} has no text to change`)
  return withValue(draft, text.place, 'Another text')
}
