import type { OutgoingReply } from '../http/outgoing.ts'
import { Problem } from '../http/problem.ts'
import { type AddressOf, nothingAt } from '../http/public-address.ts'
import { createDispatch, type HandlerReply } from './backend.ts'
import { compileContract, type CompiledContract } from './compile.ts'
import type { ContractDocument } from './document/document.ts'
import type { Operation } from './document/operations.ts'
import { createReplies, type ReplyDeps } from './reply/checked-replies.ts'
import { requireScopes } from './request/authorization.ts'
import { createAdmit, type RateLimiting } from './request/rate-limits.ts'
import { headerOf, type IncomingRequest } from './request/incoming.ts'
import { withinTime } from './request/time-limit.ts'
import type { RequestParts } from './request/validator.ts'
import { allowedMethods, operationOf, type RouteMatch } from './router.ts'
import type { Caller, Handlers, Reply } from './types.ts'

export interface ContractDeps extends ReplyDeps {
  readonly document: ContractDocument
  /** The compiled document, for a process with several applications. */
  readonly compiled?: CompiledContract
  readonly handlers: Handlers
  /** Throws a Problem (401) for a credential that is missing or no longer valid. */
  readonly authenticate: (authorization: string | undefined) => Promise<Caller>
  readonly addressOf: AddressOf
  /** Leave it out to count no requests. */
  readonly rateLimiting?: RateLimiting | undefined
}

export interface Dispatcher {
  /**
   * Handles one request, from a socket or from within this process. Throws a Problem to refuse it; any other error is
   * a failure of the server.
   */
  readonly handle: (incoming: IncomingRequest) => Promise<OutgoingReply>
  /** Returns how a failure breaks the contract of its operation, for the error handler, which sends failures. */
  readonly checkReply: (operationId: string, reply: OutgoingReply) => readonly string[]
}

/** Every request goes through the dispatcher. Throws at start if the document has a part that it cannot enforce. */
export function createDispatcher(deps: ContractDeps): Dispatcher {
  const { operations, router, rateLimits, readRequest, replyCheck } =
    deps.compiled ?? compileContract(deps.document.root)
  refuseUnknownHandlers(operations, deps.handlers)
  const dispatch = createDispatch(deps.document.root, operations, deps.handlers)
  const replies = createReplies(deps, replyCheck)
  const admit = createAdmit(rateLimits, deps.rateLimiting)

  /** The steps of a request, with the statuses that each step can end in. */
  const handle = async (incoming: IncomingRequest): Promise<OutgoingReply> => {
    const route = router.match(incoming.path)
    if (route === undefined) throw new Problem('not-found', nothingAt(incoming.path, deps.addressOf))
    incoming.exchange.path = route.path
    const operation = operationOf(route, incoming.method)
    if (operation === undefined) return replyToOtherMethod(route, incoming)
    begin(incoming, operation)

    const identifyCaller = () => identify(incoming, operation, deps.authenticate)
    const caller = await admit(incoming, operation, identifyCaller) //                          401, 429
    if (caller !== undefined) requireScopes(operation, caller) //                               403
    refuseUnacceptable(incoming, operation) //                                                  406
    const read = (body?: Buffer) =>
      readRequest(operation, incoming, { encodedParams: route.params, body }, deps.addressOf)
    const parts = await readParts(incoming, operation, caller, read) //                         400, 413, 415, 422, 503
    const request = complete(parts, incoming, operation, caller)
    const work = (): Promise<HandlerReply> => dispatch(operation, request, makeReply)
    const reply = await withinTime(incoming.abort, operation.timeoutSeconds, work) //           503, the handler's
    return replies.complete(reply, incoming, operation, caller) //                              429, 500, 503
  }

  return { handle, checkReply: replies.check }
}

function begin({ exchange }: IncomingRequest, operation: Operation): void {
  exchange.operationId = operation.operationId
  exchange.operationHeaders = operation.lifetime
  exchange.isOAuth = operation.body?.isOAuth ?? false
}

/** The caller; undefined for a public operation, which ignores credentials. */
async function identify(
  incoming: IncomingRequest,
  { security }: Operation,
  authenticate: ContractDeps['authenticate'],
): Promise<Caller | undefined> {
  if (security.length === 0) return undefined
  return incoming.caller ?? authenticate(headerOf(incoming, 'Authorization'))
}

async function readParts(
  { body }: IncomingRequest,
  operation: Operation,
  caller: Caller | undefined,
  read: (body?: Buffer) => RequestParts,
): Promise<RequestParts> {
  if (body === undefined || operation.body === undefined) return read()
  return body({ maxBytes: operation.body.maxBytes, sender: caller?.userId ?? '' }, read)
}

/** Makes what a handler receives. Its shape must match `Request<K>`, which is derived from the contract. */
function complete(
  parts: RequestParts,
  { client, abort }: IncomingRequest,
  { operationId }: Operation,
  caller: Caller | undefined,
): object {
  const request = { ...parts, client, signal: abort.signal }
  if (caller === undefined) return request
  const { 'Idempotency-Key': key, ...headers } = parts.headers
  const { path, query, body } = parts
  const idempotency = { userId: caller.userId, operation: operationId, key, request: { path, query, headers, body } }
  return { ...request, caller, idempotency }
}

function makeReply(status: number, body?: unknown, headers: Reply<never>['headers'] = {}) {
  return { status, body, headers }
}

function refuseUnacceptable({ accepts }: IncomingRequest, { responses }: Operation): void {
  const types = [...responses].filter(([status]) => status < 300).flatMap(([, { content }]) => [...content.keys()])
  // Without a body in its successes, only a failure has one. Many clients accept it as JSON (RFC 9457 §3).
  const offered = types.length > 0 ? types : ['application/problem+json', 'application/json']
  if (!accepts(offered)) {
    throw new Problem('not-acceptable', `This operation answers with ${offered.join(' or ')}.`)
  }
}

function replyToOtherMethod(route: RouteMatch, { method, exchange }: IncomingRequest): OutgoingReply {
  const allow = allowedMethods(route)
  const headers = { Allow: allow }
  if (method !== 'OPTIONS') throw new Problem('method-not-allowed', `This address takes ${allow}.`, { headers })
  return { status: 204, headers: { ...headers, 'X-Request-Id': exchange.requestId }, content: undefined }
}

/** The types and createDispatch reject a missing handler; this rejects a handler without an operation. */
function refuseUnknownHandlers(operations: readonly Operation[], handlers: Handlers): void {
  const unknown = Object.keys(handlers).filter((id) => !operations.some(({ operationId }) => operationId === id))
  if (unknown.length > 0) throw new Error(`No such operation: ${unknown.join(', ')}`)
}
