import { OpenAPIBackend, OpenAPIRouter, type Context, type Request as BackendRequest } from 'openapi-backend'
import type { JsonObject } from './document/document.ts'
import type { Operation } from './document/operations.ts'
import type { Reply } from './types.ts'

/** What a handler gave back; undefined when it made no reply. */
export type HandlerReply = Pick<Reply<never>, 'status' | 'body' | 'headers'> | undefined

/** Calls the handler of an operation with the arguments given. */
export type Dispatch = (operation: Operation, request: object, reply: unknown) => Promise<HandlerReply>

type UntypedHandler = (request: object, reply: unknown) => Promise<unknown>

/**
 * The one seam to openapi-backend: it holds a handler for each operationId, and refuses to call one that is missing.
 * Everything else it could do is done before it is called. Its router compiles a RegExp per operation per request, its
 * validator looks at application/json only and knows no formats, and its security stage turns a database outage into
 * a 401. Its check of the document knows OpenAPI 3.0 only; the document is checked in CI by tools that know 3.1.
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

/** openapi-backend with nothing left to match or to validate: the request it is given is the operation. */
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
    // Without `security`: who may call it has been decided by then.
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
