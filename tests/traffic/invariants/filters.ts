import { operations } from '../../contract/harness/document-examples.ts'
import { lists } from './documented.ts'
import { type Invariant, ours } from './invariant.ts'
import { hasTag } from './order.ts'
import { type Fields, micros } from './seen.ts'

/** Parameters that say which part of a list is shown, not which items it has. */
const OF_THE_PAGE = new Set(['limit', 'cursor', 'skip', 'sort', 'count'])

/** Whether an item meets a filter. A flag means the field of its name. */
const MEANINGS: Readonly<Record<string, (item: Fields, wanted: string) => boolean>> = {
  tag: hasTag,
  updated_since: (item, wanted) => micros(item['updated_at']) >= momentOf(wanted),
  is_public: isSo('is_public'),
  is_pinned: isSo('is_pinned'),
  is_archived: isSo('is_archived'),
}

const concerns = operations
  .filter(({ operationId }) => lists.includes(operationId))
  .flatMap(({ operationId, parameters }) =>
    parameters.flatMap((parameter) => {
      return parameter.in === 'query' && !OF_THE_PAGE.has(parameter.name) ? [`${operationId} ${parameter.name}`] : []
    }),
  )

/** "Filters are combined: a note is listed if it meets all of them." */
export const filters: Invariant = {
  title: 'Everything that is listed meets the filters',
  concerns,
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      if (seen.status !== 200 || seen.isHead) continue
      for (const [name, wanted] of seen.query) {
        const concern = `${seen.operationId} ${name}`
        if (!concerns.includes(concern)) continue
        const meets = MEANINGS[name]
        hold(concern, seen, meets !== undefined, `no meaning is known of ${name}`)
        const wrong = seen.items.filter((item) => meets?.(item, wanted) === false)
        if (seen.items.length > 0)
          hold(concern, seen, wrong.length === 0, `${name}=${wanted} and an item that does not meet it`)
      }
    }
  },
}

/** Whether an item meets all filters of a query. */
export function meetsAll(item: Fields, query: URLSearchParams): boolean {
  return [...query].every(([name, wanted]) => OF_THE_PAGE.has(name) || (MEANINGS[name]?.(item, wanted) ?? true))
}

function isSo(name: string): (item: Fields, wanted: string) => boolean {
  return (item, wanted) => item[name] === /^(true|1)$/i.test(wanted)
}

/** A moment in any spelling of RFC 3339, with the microseconds that a Date does not have. */
function momentOf(time: string): number {
  const [, date = '', clock = '', fraction = '', offset = ''] =
    /^(.{10}).(.{8})(\.\d{1,6})?\d*(.+)$/.exec(time.toUpperCase()) ?? []
  // A leap second is the beginning of the next minute.
  const [until, more] = clock.endsWith(':60') ? [`${clock.slice(0, 6)}59`, 1_000_000] : [clock, 0]
  const seconds = new Date(`${date}T${until}${offset}`).toISOString().slice(0, -5)
  return micros(`${seconds}${more === 0 ? fraction : ''}Z`) + more
}
