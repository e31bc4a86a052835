/**
 * The cost of the contract: `node tests/bench/contract.ts`. Measures the start-up of a document with 60 operations, and
 * what matching and validation add to a request, compared with calling a handler directly. Not a test: machines differ;
 * compare within one run.
 */
import { CORE_SCHEMA, dump, load } from 'js-yaml'
import { createStreams } from '../../src/contract/reply/streams.ts'
import { createDispatcher } from '../../src/contract/dispatcher.ts'
import { type JsonObject, loadDocument, parseDocument } from '../../src/contract/document/document.ts'
import { readOperations } from '../../src/contract/document/operations.ts'
import { ContractRouter, operationOf } from '../../src/contract/router.ts'
import { requestSchemas } from '../../src/contract/document/schemas.ts'
import { compileRequestReader } from '../../src/contract/request/validator.ts'
import { print } from '../support/print.ts'

const OPERATIONS = 60
const ROUNDS = 200_000

const text = withOperations(OPERATIONS)
for (let run = 0; run < 5; run += 1) await measureStart()
measureRequest()

async function measureStart(): Promise<void> {
  const started = performance.now()
  const document = parseDocument(text)
  const parsed = performance.now()
  const handlers = Object.fromEntries(
    readOperations(document.root).map(({ operationId }) => [operationId, async () => ({})]),
  )
  createDispatcher({
    document,
    handlers: handlers as never,
    authenticate: async () => ({ userId: '', credential: { kind: 'session', id: '' }, scopes: [] }),
    streams: createStreams({ endedCallers: async () => new Set(), onCheckFailure: () => undefined }),
    replies: 'enforce',
    onBrokenReply: () => undefined,
    onStreamFailure: () => undefined,
    addressOf: (path) => path,
  })
  const ready = performance.now()
  print(
    `start-up, ${OPERATIONS} operations: parse ${ms(parsed - started)} + compile ${ms(ready - parsed)} ` +
      `= ${ms(ready - started)}`,
  )
}

function measureRequest(): void {
  const { root } = parseDocument(text)
  const operations = readOperations(root)
  const router = new ContractRouter(operations)
  const readRequest = compileRequestReader(operations, root, requestSchemas(root))
  const id = '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
  const json = { 'content-type': 'application/json' }
  const body = Buffer.from(JSON.stringify({ title: 'First Note', content: 'Hello '.repeat(50) }))
  const cases: [string, Incoming][] = [
    ['GET /notes/{id}', { method: 'GET', path: `/notes/${id}`, query: '', headers: {} }],
    ['GET /notes?limit=20', { method: 'GET', path: '/notes', query: 'limit=20&skip=0', headers: {} }],
    ['PUT /notes/{id}', { method: 'PUT', path: `/notes/${id}`, query: '', headers: json, body }],
  ]
  for (const [name, incoming] of cases) {
    const bare = time(() => handler(incoming))
    const held = time(() => {
      const route = router.match(incoming.path)
      const operation = route && operationOf(route, incoming.method)
      if (route === undefined || operation === undefined) throw new Error(`There is no ${name}`)
      const { headers } = readRequest(operation, incoming, { encodedParams: route.params, body: incoming.body }, String)
      return handler(incoming) + Object.keys(headers).length
    })
    print(`${name}: matching and validating add ${(held - bare).toFixed(1)} µs`)
  }
}

interface Incoming {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** The work of a handler alone, for comparison. */
function handler(incoming: Incoming): number {
  return incoming.path.length
}

function time(work: () => number): number {
  let sum = 0
  for (let round = 0; round < ROUNDS / 10; round += 1) sum += work()
  const started = performance.now()
  for (let round = 0; round < ROUNDS; round += 1) sum += work()
  const microseconds = ((performance.now() - started) * 1_000) / ROUNDS
  return sum < 0 ? Number.NaN : microseconds
}

/** The contract, with its paths repeated under other names until it has `count` operations. */
function withOperations(count: number): string {
  const document = load(loadDocument().text, { schema: CORE_SCHEMA }) as { paths: Record<string, JsonObject> }
  const originals = Object.entries(document.paths)
  for (let copy = 1; readOperations(document).length < count; copy += 1) {
    for (const [path, item] of originals) {
      const renamed = JSON.stringify(item).replaceAll(/"operationId":"(\w+)"/g, `"operationId":"$1${copy}"`)
      document.paths[`/copy${copy}${path}`] = JSON.parse(renamed) as JsonObject
    }
  }
  return dump(document, { noRefs: true })
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
