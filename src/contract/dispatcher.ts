import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { OpenAPIBackend, type Context, type Request as BackendRequest } from 'openapi-backend'
import { hasBody, readBody } from '../http/body.ts'
import { type FieldError, Problem, validationFailed } from '../http/problem.ts'
import { type OutgoingReply, send } from '../http/send.ts'
import { callerOf, refuseUnknownScheme, requireScopes, rethrowFailure } from './request/authorization.ts'
import { compileContract, type CompiledContract } from './compile.ts'
import type { ContractDocument } from './document/document.ts'
import type { Operation } from './document/operations.ts'
import type { ReplyCheck } from './reply/replies.ts'
import type { ContractRouter, Incoming } from './router.ts'
import type { Caller, Client, Handlers, Reply } from './types.ts'
import type { ContractValidator, RequestParts } from './request/validator.ts'

export interface ContractDeps {
  readonly document: ContractDocument
  /** The document, compiled already; for a process with several applications. */
  readonly compiled?: CompiledContract
  readonly handlers: Handlers
  /** Throws a Problem (401) for a credential that is missing or no longer valid. */
  readonly authenticate: (authorization: string | undefined) => Promise<Caller>
  /** Who is at the other end, for those who count by address. */
  readonly clientOf: (request: Request) => Client
  /** What happens to a reply that breaks the contract: it becomes a 500, is only logged, or is not looked at. */
  readonly replies: 'enforce' | 'log' | 'off'
  readonly onBrokenReply: (operationId: string, faults: readonly string[]) => void
}

export interface Contract {
  readonly dispatch: RequestHandler
  /** The check for failures, which the error handler writes. */
  readonly checkReply: ReplyCheck
}

/** What travels with a request through openapi-backend. */
interface Passage {
  readonly request: Request
  readonly response: Response
  readonly incoming: Incoming
  operation?: Operation
  /** Asked for once, however many schemes an operation accepts. */
  caller?: Promise<Caller>
}

/** The one express handler behind which the contract rules. Throws at start when it could not hold to the document. */
export async function createContract(deps: ContractDeps): Promise<Contract> {
  const { operations, router, validator, checkReply } = deps.compiled ?? compileContract(deps.document.root)
  refuseUnhandled(operations, deps.handlers)
  const backend = new StrictBackend(router, validator)
  registerStages(backend, router, deps)
  for (const operation of operations) registerOperation(backend, operation, deps)
  await backend.init()

  /** The faults that must not leave the server; under `log` they are told and let through. */
  const checkOutgoing: ReplyCheck = (operationId, reply) => {
    const faults = deps.replies === 'off' ? [] : checkReply(operationId, reply)
    if (deps.replies === 'enforce') return faults
    if (faults.length > 0) deps.onBrokenReply(operationId, faults)
    return []
  }
  const finish = (operationId: string, reply: OutgoingReply): void => {
    const faults = checkOutgoing(operationId, reply)
    if (faults.length > 0) throw new Error(`The reply breaks the contract: ${faults.join('; ')}`)
  }

  const dispatch = (request: Request, response: Response, next: NextFunction): void => {
    const incoming = toIncoming(request)
    const passage: Passage = { request, response, incoming }
    backend
      .handleRequest(incoming as BackendRequest, passage)
      .then((reply: Reply<never>) => {
        const { exchange } = response.locals
        const headers = { ...reply.headers, ...exchange.operationHeaders, 'X-Request-Id': exchange.requestId }
        const outgoing = { status: reply.status, headers, body: reply.body, mediaType: 'application/json' }
        if (passage.operation !== undefined) finish(passage.operation.operationId, outgoing)
        send(response, outgoing)
      })
      // To express, nothing thrown is no error, and some words are commands.
      .catch((error: unknown) =>
        next(error instanceof Error ? error : new Error('What was thrown is no error', { cause: error })),
      )
  }
  return { dispatch, checkReply: checkOutgoing }
}

/**
 * openapi-backend, strict, with our router and validator. Its own check of the document knows OpenAPI 3.0 only and
 * its dereferencing is not needed; the document is checked in CI by tools that know 3.1.
 */
class StrictBackend extends OpenAPIBackend {
  constructor(router: ContractRouter, validator: ContractValidator) {
    super({ definition: router.definition, strict: true })
    this.router = router
    this.validator = validator
    this.definition = router.definition
    this.initialized = true
  }

  override async init(): Promise<this> {
    return this
  }
}

/** The stages every request passes: 404/405, then 401/403, then 406, 413, 415, 400, 422, then its handler. */
function registerStages(backend: StrictBackend, router: ContractRouter, deps: ContractDeps): void {
  const schemes = Object.keys(backend.definition.components?.securitySchemes ?? {})
  for (const scheme of schemes) {
    refuseUnknownScheme(scheme)
    backend.registerSecurityHandler(scheme, (_: Context, passage: Passage) => {
      passage.caller ??= deps.authenticate(passage.request.headers.authorization)
      return passage.caller
    })
  }
  backend.register({
    notFound: () => {
      throw new Problem('not-found', 'There is nothing at this address.')
    },
    methodNotAllowed: (_: Context, { incoming }: Passage) => answerOtherMethod(router, incoming),
    postRoutingHandler: (context: Context, passage: Passage) => {
      if (context.operation === undefined) return
      passage.operation = router.contractOperation(context.operation.operationId)
      const { exchange } = passage.response.locals
      exchange.operationId = passage.operation.operationId
      exchange.operationHeaders = passage.operation.lifetime
    },
    postSecurityHandler: async (context: Context, passage: Passage) => {
      const { operation, request } = passage
      if (operation === undefined) throw new Error('The security stage was reached without an operation')
      rethrowFailure(context)
      requireScopes(context, operation)
      refuseUnacceptable(request, operation)
      if (operation.body === undefined || !hasBody(request)) return
      passage.incoming.body = await readBody(request, operation.body.maxBytes)
    },
    unauthorizedHandler: () => {
      throw new Error('The security stage let an unauthorized request through')
    },
    validationFail: (context: Context) => {
      throw validationFailed(context.validation.errors as unknown as FieldError[])
    },
  })
}

/**
 * Registers one handler. Here the types end that openapi-backend does not have: the validator has made `parts` what
 * the contract says, which is what `Request<K>` says.
 */
function registerOperation(backend: StrictBackend, operation: Operation, { handlers, clientOf }: ContractDeps): void {
  const handle = handlers[operation.operationId as keyof Handlers] as (
    request: unknown,
    reply: unknown,
  ) => Promise<unknown>
  backend.register(operation.operationId, (context: Context, { request }: Passage) => {
    const parts = { ...(context.validation.coerced as unknown as RequestParts), client: clientOf(request) }
    const caller = callerOf(context)
    return handle(caller === undefined ? parts : { ...parts, caller }, makeReply)
  })
}

function makeReply(
  status: number,
  body?: unknown,
  headers: Reply<never>['headers'] = {},
): Omit<OutgoingReply, 'mediaType'> {
  return { status, body, headers }
}

function refuseUnacceptable(request: Request, operation: Operation): void {
  const types = [...operation.responses]
    .filter(([status]) => status < 300)
    .flatMap(([, { content }]) => [...content.keys()])
  // Without a body there is nothing to accept but a failure, which to many clients is JSON (RFC 9457 §3).
  const offered = types.length > 0 ? types : ['application/problem+json', 'application/json']
  if (request.headers.accept === undefined || request.accepts(offered) !== false) return
  throw new Problem('not-acceptable', `This operation answers with ${offered.join(' or ')}.`)
}

function answerOtherMethod(router: ContractRouter, incoming: Incoming): Omit<OutgoingReply, 'mediaType'> {
  const methods = [...(router.findPath(incoming.path)?.methods.keys() ?? [])].map((method) => method.toUpperCase())
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  if (incoming.method === 'OPTIONS') return makeReply(204, undefined, { Allow: allow })
  throw new Problem('method-not-allowed', `This address takes ${allow}.`, { headers: { Allow: allow } })
}

function toIncoming(request: Request): Incoming {
  const [path = '/', ...query] = request.url.split('?')
  return { method: request.method, path, query: query.join('?'), headers: request.headers as Incoming['headers'] }
}

/** The types refuse a missing handler; this refuses one that got past them. */
function refuseUnhandled(operations: readonly Operation[], handlers: Handlers): void {
  const missing = operations.filter(({ operationId }) => !Object.hasOwn(handlers, operationId))
  if (missing.length > 0) throw new Error(`No handler for ${missing.map(({ operationId }) => operationId).join(', ')}`)
  const unknown = Object.keys(handlers).filter((id) => !operations.some(({ operationId }) => operationId === id))
  if (unknown.length > 0) throw new Error(`No such operation: ${unknown.join(', ')}`)
}
