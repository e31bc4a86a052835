import type { Handlers, OperationHandlers, OperationId } from './types.ts'

/** Binds a feature's operations to the dependencies of one server. They stay named functions, in stack traces too. */
export function bindOperations<Deps, K extends OperationId>(
  operations: OperationHandlers<Deps, K>,
  deps: Deps,
): Pick<Handlers, K> {
  const entries = Object.entries<(deps: Deps, request: never, reply: never) => unknown>(operations)
  const bound = entries.map(([id, operation]) => [
    id,
    (request: never, reply: never) => operation(deps, request, reply),
  ])
  return Object.fromEntries(bound) as Pick<Handlers, K>
}
