import { expect, test } from 'vitest'
import { useFixture } from '../../support/fixtures.ts'
import type { Json } from '../../../src/contract/document/document.ts'
import type { Answer } from '../../support/people.ts'
import { operations, responseExamples } from '../harness/document-examples.ts'
import { compared, compareHeaders, exampleRequests, setScene, successOf } from './requests.ts'
import { stages } from './stages.ts'
import { tellStory } from './story.ts'

const story = useFixture(tellStory, (told) => told.stop())

const requests = operations.flatMap((operation) =>
  exampleRequests(operation).map((request) => ({
    ...request,
    title: [operation.operationId, request.name, request.mediaType ?? ''].join(' ').trim(),
  })),
)

test.each(requests)('the example $title is answered as the document shows, value by value', async (request) => {
  const { operation, name, attempt } = request
  await setScene(story, request)
  const { answer, comparison } = await compared(story, operation, attempt)
  expect(answer.status, answer.text).toBe(successOf(operation))
  const shown = responseExamples(operation, answer.status)
  const twin = shown.find((example) => example.name === name)
  expect(twin === undefined).toBe(shown.length === 0)
  comparison.compare('', twin?.value, valueOf(answer))
  // A header has one example, which stands beside the first one of the body.
  if (twin === shown[0]) compareHeaders(comparison, operation, answer)
  expect(comparison.differences()).toEqual([])
})

/** The body as the document shows it: an event stream as its text. */
function valueOf({ text, headers }: Answer): Json | undefined {
  if (text === '' || headers.get('content-type') === 'text/event-stream') return text === '' ? undefined : text
  return JSON.parse(text) as Json
}

test('every example of a success is the answer to one of the examples above', () => {
  const shown = operations.flatMap((operation) =>
    [...operation.responses.keys()]
      .filter((status) => status < 400)
      .flatMap((status) =>
        responseExamples(operation, status).map(({ name }) => `${operation.operationId} ${status} ${name}`),
      ),
  )
  const answered = new Set(
    requests.map(({ operation, name }) => `${operation.operationId} ${successOf(operation)} ${name}`),
  )
  expect(shown.filter((example) => !answered.has(example))).toEqual([])
})

test('every stage is set for an example of the document', () => {
  const scenes = new Set(
    requests.flatMap(({ operation, name }) => [operation.operationId, `${operation.operationId} ${name}`]),
  )
  expect(Object.keys(stages).filter((scene) => !scenes.has(scene))).toEqual([])
})
