import { listAccounts } from '../auth/operator.ts'
import { readTotals } from './totals.ts'
import { isUsageOrder, readUsage, type Usage, type UsageOrder, usageOrders } from './usage.ts'
import { loadDocument } from '../contract/document/document.ts'
import { UsageError } from '../command-errors.ts'
import type { Command } from './command.ts'
import type { List } from './output.ts'

type ListedAccount = Awaited<ReturnType<typeof listAccounts>>[number]

const PAGE = 500

const accountList: List<ListedAccount> = {
  name: 'users',
  columns: {
    STATE: stateOf,
    SESSIONS: ({ sessions }) => sessions ?? 0,
    KEYS: ({ api_keys }) => api_keys ?? 0,
    SINCE: ({ created_at }) => created_at.slice(0, 10),
    EMAIL: ({ email }) => email,
  },
}

const usageList: List<Usage> = {
  name: 'users',
  columns: {
    STATE: stateOf,
    NOTES: ({ notes }) => notes,
    TRASH: ({ trashed_notes }) => trashed_notes,
    BYTES: ({ text_bytes }) => text_bytes,
    HISTORY: ({ history_bytes }) => history_bytes,
    SESSIONS: ({ sessions }) => sessions,
    KEYS: ({ api_keys }) => api_keys,
    ACTIVE: ({ last_active_at }) => last_active_at?.slice(0, 10) ?? '-',
    EMAIL: ({ email }) => email,
  },
}

export const overviewCommands = {
  'list-users': {
    parameters: [],
    help: 'Lists the accounts, oldest first: state, sessions, API keys, creation date, e-mail; separated by tabs.',
    run: ({ db, output }) =>
      output.list(accountList, async (take) => {
        let after: string | undefined
        do {
          const page = await listAccounts(db, { after, limit: PAGE })
          await take(page)
          after = page.length < PAGE ? undefined : page.at(-1)?.id
        } while (after !== undefined)
      }),
  },
  usage: {
    parameters: [],
    options: ['sort', 'limit'],
    help: 'Lists what each account uses: notes, trash, bytes of text and history, sessions, keys, last activity.',
    run: ({ db, output }, { options: { sort, limit } }) => {
      const page = { order: readOrder(sort), limit: readLimit(limit) }
      return output.list(usageList, (take) => readUsage(db, page, take))
    },
  },
  totals: {
    parameters: [],
    help: 'Prints what the whole instance holds: accounts, notes, bytes, database size, versions; separated by tabs.',
    run: async ({ db, output }) => {
      const { schema = null, migrations = null, ...totals } = await readTotals(db)
      const all = { ...totals, schema, migrations, version: loadDocument().version }
      await output.tell(
        all,
        Object.entries(all).map(([name, value]) => `${name}\t${value ?? '-'}`),
      )
    },
  },
} as const satisfies Record<string, Command>

function stateOf({ is_active }: { readonly is_active: boolean }): string {
  return is_active ? 'active' : 'disabled'
}

function readOrder(text = 'bytes'): UsageOrder {
  if (!isUsageOrder(text)) throw new UsageError(`--sort must be ${usageOrders.join(', ')}`)
  return text
}

function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError('--limit must be a whole number above 0')
  return Number(text)
}
