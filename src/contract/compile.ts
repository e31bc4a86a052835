import type { JsonObject } from './document/document.ts'
import { type Operation, readOperations } from './document/operations.ts'
import { compileReplyCheck, type ReplyCheck } from './reply/replies.ts'
import { ContractRouter } from './router.ts'
import { replySchemas, requestSchemas } from './document/schemas.ts'
import { ContractValidator } from './request/validator.ts'

/** A document made ready to be held to. It keeps no state between requests, so several applications may share it. */
export interface CompiledContract {
  readonly operations: readonly Operation[]
  readonly router: ContractRouter
  readonly validator: ContractValidator
  readonly checkReply: ReplyCheck
}

/** Throws on what the machinery could not hold to: better no server than one that is lax. */
export function compileContract(root: JsonObject): CompiledContract {
  const operations = readOperations(root)
  const router = new ContractRouter(root as never, operations)
  const validator = new ContractValidator(router, operations, root, requestSchemas(root))
  return { operations, router, validator, checkReply: compileReplyCheck(operations, replySchemas(root)) }
}
