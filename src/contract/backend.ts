import { OpenAPIBackend, OpenAPIRouter, type Context, type Request as BackendRequest } from 'openapi-backend'
import type { JsonObject } from './document/document.ts'
import type { Operation } from './document/operations.ts'
import type { Reply } from './types.ts'

/** The reply of a handler; undefined if it made none. */
export type HandlerReply = Pick<Reply<never>, 'status' | 'body' | 'headers'> | undefined

/** Calls the handler of an operation with the arguments given. */
export type Dispatch = (operation: Operation, request: object, reply: unknown) => Promise<HandlerReply>

type UntypedHandler = (request: object, reply: unknown) => Promise<unknown>

/**
 * The only place that uses openapi-backend. It keeps a handler for each operationId; we do everything else before we
 * call it. Its router compiles a RegExp per operation per request, its validator checks application/json only and knows
 * no formats, and its security stage turns a database outage into a 401. Its check of the document knows OpenAPI 3.0
 * only; CI checks the document with tools that know 3.1.
 */
export function createDispatch(root: JsonObject, operations: readonly Operation[], handlers: object): Dispatch {
  const backend = new MatchedBackend(root as never, operations)
  const byId = new Map(Object.entries(handlers) as [string, UntypedHandler][])
  for (const { operationId } of operations) {
    const handler = byId.get(operationId)
    if (handler === undefined) throw new Error(`No handler for ${operationId}`)
    backend.register(operationId, (_: Context, request: object, reply: unknown) => handler(request, reply))
  }
  return (operation, request, reply) => backend.handleRequest(operation as unknown as BackendRequest, request, reply)
}

/** openapi-backend without its matching and validation: the request that we pass to it is the matched operation. */
class MatchedBackend extends OpenAPIBackend {
  constructor(definition: OpenAPIRouter['definition'], operations: readonly Operation[]) {
    super({ definition, strict: true, validate: false })
    this.router = new MatchedRouter(definition, operations)
    this.definition = definition
    this.initialized = true
  }
}

class MatchedRouter extends OpenAPIRouter {
  readonly #byId: ReadonlyMap<string, { readonly operationId: string }>

  constructor(definition: OpenAPIRouter['definition'], operations: readonly Operation[]) {
    super({ definition })
    // Without `security`: the dispatcher has authorized the caller before.
    this.#byId = new Map(operations.map(({ operationId }) => [operationId, { operationId }]))
  }

  override matchOperation(matched: BackendRequest): never {
    return this.getOperation((matched as unknown as Operation).operationId)
  }

  override getOperation(operationId: string): never {
    return this.#byId.get(operationId) as never
  }

  override parseRequest(matched: BackendRequest): ReturnType<OpenAPIRouter['parseRequest']> {
    return matched as never
  }
}
