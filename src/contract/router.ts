import { OpenAPIRouter, type Request as BackendRequest } from 'openapi-backend'
import type { Operation } from './document/operations.ts'
import { decodePercent } from './request/parameters.ts'

/** What openapi-backend passes through its router and validator: a request before and after its body was read. */
export interface Incoming {
  method: string
  /** Undecoded and without the query. */
  path: string
  /** Undecoded, without the `?`. */
  query: string
  headers: Record<string, string | string[]>
  body?: Buffer
}

interface Template {
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly methods: ReadonlyMap<string, Operation>
}

export interface RouteMatch {
  readonly methods: ReadonlyMap<string, Operation>
  /** Undecoded. */
  readonly params: Readonly<Record<string, string>>
}

/**
 * openapi-backend's router compiles a RegExp for every operation at every request, which was 75–90 % of its time.
 * This one compiles each path once: static paths by map, templates by RegExp. A static path wins over a template for
 * every method, so `DELETE /notes/search` is a 405 and not the note called "search".
 */
export class ContractRouter extends OpenAPIRouter {
  readonly #static = new Map<string, Map<string, Operation>>()
  readonly #templates: Template[]
  readonly #byId: ReadonlyMap<string, Operation>

  constructor(definition: OpenAPIRouter['definition'], operations: readonly Operation[]) {
    super({ definition })
    this.#byId = new Map(operations.map((operation) => [operation.operationId, operation]))
    for (const operation of operations) {
      const methods = this.#static.get(operation.path) ?? new Map<string, Operation>()
      this.#static.set(operation.path, methods.set(operation.method, operation))
    }
    this.#templates = [...this.#static]
      .filter(([path]) => path.includes('{'))
      .toSorted(([a], [b]) => literalLength(b) - literalLength(a))
      .map(([path, methods]) => ({ ...compileTemplate(path), methods }))
    for (const path of this.#static.keys()) if (path.includes('{')) this.#static.delete(path)
  }

  /** The operations at a path, whatever the method; undefined for an unknown path. */
  findPath(path: string): RouteMatch | undefined {
    const normal = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    const methods = this.#static.get(normal)
    if (methods !== undefined) return { methods, params: {} }
    for (const template of this.#templates) {
      const match = template.pattern.exec(normal)
      if (match === null) continue
      const params = Object.fromEntries(template.names.map((name, index) => [name, match[index + 1] ?? '']))
      return { methods: template.methods, params }
    }
    return undefined
  }

  /** The contract's operation behind openapi-backend's; the two share the id. */
  contractOperation(operationId: string | undefined): Operation {
    const operation = this.#byId.get(operationId ?? '')
    if (operation === undefined) throw new Error(`Unknown operation ${operationId}`)
    return operation
  }

  pathParameters(path: string): Record<string, string> {
    const params = this.findPath(path)?.params ?? {}
    return Object.fromEntries(Object.entries(params).map(([name, text]) => [name, decodePercent(text, 'address')]))
  }

  /** HEAD is answered by GET (RFC 9110 §9.3.2). Throws `404…` or `405…`, by which openapi-backend picks its handler. */
  override matchOperation(request: BackendRequest): never {
    const match = this.findPath(request.path)
    if (match === undefined) throw new Error('404-notFound: no route matches request')
    const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase()
    const operation = match.methods.get(method)
    if (operation === undefined) throw new Error('405-methodNotAllowed: this method is not registered for the route')
    return asBackendOperation(operation)
  }

  override getOperations(): never[] {
    return [...this.#byId.values()].map(asBackendOperation)
  }

  override getOperation(operationId: string): never {
    return asBackendOperation(this.#byId.get(operationId))
  }

  /** Parsing is the validator's work; openapi-backend's own would parse bodies and queries leniently, up to three times. */
  override parseRequest(request: BackendRequest): ReturnType<OpenAPIRouter['parseRequest']> {
    return { ...request, requestBody: undefined, params: {}, query: {}, cookies: {} }
  }
}

/** The seam to openapi-backend: to it an operation is an object with `operationId` and `security`, and ours is one. */
function asBackendOperation(operation: Operation | undefined): never {
  return operation as never
}

function literalLength(path: string): number {
  return path.replace(/\{[^}]+\}/g, '').length
}

function compileTemplate(path: string): Pick<Template, 'pattern' | 'names'> {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)
  const literals = path.split(/\{[^}]+\}/).map((literal) => literal.replace(/[.*+?^$()|[\]\\]/g, '\\$&'))
  return { pattern: new RegExp(`^${literals.join('([^/]+)')}$`), names }
}
