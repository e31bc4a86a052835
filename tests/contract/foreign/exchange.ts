import type { Operation } from '../../../src/contract/document/operations.ts'
import type { OperationId } from '../../../src/contract/types.ts'
import { type Answer, ask, type Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { prepare } from '../operations.ts'
import { namingOf } from './cases.ts'
import { attemptOf, type Draft, draftAbout, valueAt, withValue } from './drafts.ts'
import { applied, type Trial } from './trials.ts'
import type { World } from './worlds.ts'

/**
 * Sends a trial as a person: about the foreign, or unknown, things in it and nothing else, or about a thing of their own
 * that is made for it.
 */
export async function sendTrial(
  operation: Operation,
  { server }: World,
  person: Person,
  trial: Trial,
  side: 'foreign' | 'unknown',
): Promise<Answer> {
  const draft = trial.isOwn
    ? await ownDraft(operation, server, person, trial)
    : draftAbout(operation.operationId, trial.shape, undefined)
  const { method, path, body, headers } = attemptOf(operation, applied(draft, trial, side), trial.method)
  const authorization = operation.security.length === 0 ? {} : { Authorization: `Bearer ${person.accessToken}` }
  return ask(server, method, path, { body, headers: { ...headers, ...authorization } })
}

/** A body in another shape than the prepared one has, of that, the values that name things. */
async function ownDraft(
  operation: Operation,
  server: TestServer,
  person: Person,
  { shape, isFirstShape }: Trial,
): Promise<Draft> {
  const operationId = operation.operationId as OperationId
  const isNeedless = shape.body === undefined && !operation.path.includes('{')
  const parts = isNeedless ? {} : await prepare[operationId](server, person)
  const plain = draftAbout(operationId, shape, undefined)
  const draft = { ...plain, path: { ...plain.path, ...parts.params }, header: { ...parts.headers } }
  if (isFirstShape) return { ...draft, body: parts.body ?? shape.body }
  return shape.places.reduce((filled, { place }) => {
    const given = valueAt(parts.body, place)
    const isNamed = place.startsWith('body/') && namingOf(operationId, place).names !== 'nothing'
    return isNamed && given !== undefined ? withValue(filled, place, given) : filled
  }, draft)
}
