import { beforeAll, expect, test } from 'vitest'
import { useFixture } from '../../support/fixtures.ts'
import { isObject, type Json, string } from '../../../src/contract/document/document.ts'
import type { OperationId } from '../../../src/contract/types.ts'
import { openStream } from '../../support/event-stream.ts'
import type { Answer } from '../../support/people.ts'
import { operationCalled, operations, places } from '../harness/document-examples.ts'
import { type Attempt, isSuccess, send } from '../operations.ts'
import { bearerFor, exampleRequests, setScene, withBody } from './requests.ts'
import { addExamples, builtFrom, createSchemaValues } from './schema-values.ts'
import { ids, tellStory } from './story.ts'

const story = useFixture(tellStory, (told) => told.stop())
const values = createSchemaValues()

beforeAll(() => addExamples(values))

/** Requests whose fields all have the values that their schemas show. */
const built = operations.flatMap((operation) =>
  [...(operation.body?.content ?? [])].flatMap(([mediaType, schema]) =>
    builtFrom(schema).map((body, index) => {
      return { operation, mediaType, schema, body, title: `${operation.operationId} ${mediaType} ${index + 1}` }
    }),
  ),
)

test.each(built)(
  'a body made of the examples of its fields is taken: $title',
  async ({ operation, mediaType, schema, body }) => {
    const request = exampleRequests(operation).at(-1)
    if (request === undefined) throw new Error(`${operation.operationId} has no example`)
    await setScene(story, request)
    const sent = withBody(request.attempt, mediaType, inStoryTime(body))
    const answer = await sendAs(operation.operationId as OperationId, sent)
    expect(isSuccess(answer), answer.text).toBe(true)
    values.add(schema, body)
  },
)

test('what the examples of operations do not show is given all the same', async () => {
  await story.reset()
  const { path } = first('getNote')
  const tags = ['groceries', 'Week 48']
  await story.send('PUT', path, { tags })
  await sendAs('getRevision', { ...first('getRevision'), path: `${path}/revisions/2` })
  await sendAs('listNoteSummaries', first('listNoteSummaries'))
  await story.send('DELETE', path)
  await sendAs('listTrash', first('listTrash'))
  const ambiguous = exampleRequests(operationCalled('editNote')).find(({ name }) => name === 'oneOfSeveral')
  if (ambiguous === undefined) throw new Error('editNote has no such example')
  await setScene(story, ambiguous)
  const edits = [{ op: 'insert_under', heading: 'Shopping', text: 'x' }]
  await sendAs('editNote', withBody(ambiguous.attempt, 'application/json', { edits }))
  await sendAs('createNote', withBody(first('createNote'), 'application/json', { title: '', content: 'Hello' }))
  await sendAs('getCredential', first('getCredential'), `Bearer ${await story.token()}`)
  await using stream = await openStream(`${story.server.url}/changes/stream`, {
    Authorization: `Bearer ${await story.token()}`,
  })
  await stream.until('ready')
  await story.send('DELETE', `/users/me/sessions/${ids.session}`)
  for (const { event, data } of await stream.rest()) {
    const schema = operationCalled('streamChanges').responses.get(200)?.events?.get(event)
    if (schema !== undefined) values.add(schema, data as Json)
  }
})

test('every example of a schema is a value that was taken or given there', () => {
  const shown = [...places()].flatMap(({ pointer, value: { examples } }) =>
    Array.isArray(examples) ? (examples as Json[]).map((value) => ({ pointer, value })) : [],
  )
  expect(shown.length).toBeGreaterThan(100)
  expect(shown.filter(({ pointer, value }) => !values.has(pointer, value))).toEqual([])
})

/** The times of a note that is sent back, as the story's clock has them. */
function inStoryTime(body: Json): Json {
  if (!isObject(body) || !('created_at' in body)) return body
  const moved = ['created_at', 'updated_at'].map((name) => [name, story.time.toNow(string(body[name]))])
  return { ...body, ...Object.fromEntries(moved) }
}

function first(operationId: OperationId): Attempt {
  const [request] = exampleRequests(operationCalled(operationId))
  if (request === undefined) throw new Error(`${operationId} has no example`)
  return request.attempt
}

/** Sends a request, and adds its answer to what was given. */
async function sendAs(operationId: OperationId, attempt: Attempt, bearer?: string): Promise<Answer> {
  const operation = operationCalled(operationId)
  const answer = await send(story.server, attempt, bearer ?? (await bearerFor(operation, story)))
  const schema = operation.responses.get(answer.status)?.content.get(answer.headers.get('content-type') ?? '')
  if (schema !== undefined) values.add(schema, JSON.parse(answer.text) as Json)
  return answer
}
