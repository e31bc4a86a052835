import { security } from '../../generated/security.ts'

/** The operations that can change a note, by the contract: those that a caller needs `notes:write` or `notes:erase` for. */
export const noteOperations: readonly string[] = Object.entries(security)
  .filter(([, scopes]) => scopes?.some((scope) => scope === 'notes:write' || scope === 'notes:erase'))
  .map(([operationId]) => operationId)
  .toSorted()

/** The operations that steps carry out. The name of a step begins with its operation: `changeNotes: unpin`. */
export function operationsOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.replace(/:.*$/, '')))].toSorted()
}
