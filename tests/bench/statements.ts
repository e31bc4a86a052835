import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { askOnce, type Client, type Operation } from './operations.ts'

/** Makes PostgreSQL log every statement of new connections to a database. */
export const logStatements = (database: string): string => `alter database ${database} set log_statement = 'all'`
export const logNoStatements = (database: string): string => `alter database ${database} reset log_statement`

/**
 * The statements that a server sends for one request of an operation: verb and table of each. The bench notices with
 * them when our server begins to send other statements than the bare one.
 */
export async function statementsOf(operation: Operation, client: Client, dataDir: string): Promise<string> {
  const log = join(dataDir, 'postgres.log')
  const [lane] = await operation.lanes(client, 1)
  const from = statSync(log).size
  if (lane !== undefined) lane.check(await askOnce(client.port, lane.next()))
  const entries = readFileSync(log)
    .subarray(from)
    .toString()
    .split(/^\S+ \S+ \S+ \[\d+\] LOG: {2}/m)
  return entries.flatMap((entry) => shapeOf(/^(?:statement|execute [^:]+): ([\s\S]*)$/.exec(entry)?.[1])).join(', ')
}

function shapeOf(statement: string | undefined): string[] {
  if (statement === undefined) return []
  const text = statement.replaceAll('"', '').trim().toLowerCase()
  const [verb = ''] = text.split(/\s/)
  const table = /\b(?:from|into|update)\s+(\w+)/.exec(text)?.[1]
  return [
    [verb, table, text.endsWith('for update') ? 'for update' : undefined]
      .filter((word) => word !== undefined)
      .join(' '),
  ]
}
