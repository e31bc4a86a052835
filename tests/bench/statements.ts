import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { askOnce, type Client, type Operation } from './operations.ts'

/** Makes PostgreSQL log every statement of the connections to a database that begin from now on. */
export const logStatements = (database: string): string => `alter database ${database} set log_statement = 'all'`
export const logNoStatements = (database: string): string => `alter database ${database} reset log_statement`

/**
 * What a server asks of the database for one request of an operation: verb and table of each statement. So the bench
 * notices when our server begins to send others than the bare one that it is compared with.
 */
export async function statementsOf(operation: Operation, client: Client, dataDir: string): Promise<string> {
  const log = join(dataDir, 'postgres.log')
  const [lane] = await operation.lanes(client, 1)
  const from = statSync(log).size
  if (lane !== undefined) lane.answered(await askOnce(client.port, lane.next()))
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
