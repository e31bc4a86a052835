import { type JsonObject, object } from './document/document.ts'
import { type Operation, readOperations } from './document/operations.ts'
import { type RateLimits, readRateLimits } from './document/rate-limits.ts'
import { replySchemas, requestSchemas } from './document/schemas.ts'
import { compileReplyCheck, type ReplyCheck } from './reply/replies.ts'
import { refuseUnknownScheme } from './request/authorization.ts'
import { compileRequestReader, type RequestReader } from './request/validator.ts'
import { ContractRouter } from './router.ts'

/** A compiled contract. It keeps no state between requests, so several applications can share it. */
export interface CompiledContract {
  readonly operations: readonly Operation[]
  readonly router: ContractRouter
  /** undefined if the contract limits no requests. */
  readonly rateLimits: RateLimits | undefined
  readonly readRequest: RequestReader
  readonly replyCheck: ReplyCheck
}

/** Throws if the document has a part that we cannot enforce: no server is better than a lax one. */
export function compileContract(root: JsonObject): CompiledContract {
  const operations = readOperations(root)
  const { securitySchemes = {} } = object(root['components'] ?? {})
  for (const scheme of Object.keys(object(securitySchemes))) refuseUnknownScheme(scheme)
  return {
    operations,
    router: new ContractRouter(operations),
    rateLimits: readRateLimits(root),
    readRequest: compileRequestReader(operations, root, requestSchemas(root)),
    replyCheck: compileReplyCheck(operations, replySchemas(root)),
  }
}
