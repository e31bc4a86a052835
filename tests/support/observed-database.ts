import type { KyselyPlugin } from 'kysely'
import type { Database } from '../../src/db/database.ts'

/** The plain database behind an observed one. */
const behind = new WeakMap<Database, Database>()
/** What to call when a test writes into a database. */
const listeners = new WeakMap<Database, (() => void)[]>()
const written = new WeakSet<Database>()

/**
 * The database that a test gets. Once the test itself writes rows, replies before and after may disagree, so the
 * recording is notified.
 */
export function observed(db: Database, onWrite: () => void): Database {
  const raw = unobserved(db)
  listeners.set(raw, [...(listeners.get(raw) ?? []), onWrite])
  if (written.has(raw)) onWrite()
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (isWrite(node) && !written.has(raw)) {
        written.add(raw)
        for (const notify of listeners.get(raw) ?? []) notify()
      }
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const handle = raw.withPlugin(plugin)
  behind.set(handle, raw)
  return handle
}

/** For helpers that write as the application would, such as one that makes an account without a request. */
export function unobserved(db: Database): Database {
  return behind.get(db) ?? db
}

export function isObserved(db: Database): boolean {
  return behind.has(db)
}

const names = new WeakMap<Database, string>()
let count = 0

/** Returns the same name for every handle of one database. */
export function nameOf(db: Database): string {
  const name = names.get(unobserved(db)) ?? `database ${process.pid}-${(count += 1)}`
  names.set(unobserved(db), name)
  return name
}

type Node = Parameters<KyselyPlugin['transformQuery']>[0]['node']

function isWrite(node: Node): boolean {
  if (node.kind !== 'RawNode') return node.kind !== 'SelectQueryNode'
  return /\b(insert|update|delete|truncate|alter|drop)\b/i.test(node.sqlFragments.join(' '))
}
