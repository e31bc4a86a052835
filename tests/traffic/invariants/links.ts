import { answersWithHeader } from './documented.ts'
import { type Hold, type Invariant, ours, truthful } from './invariant.ts'
import { identityOf, orderOf } from './order.ts'
import { inWords, nextOf, queryValue, type Seen, type Traffic } from './seen.ts'
import { isQuiet } from './quiet.ts'

const listed = answersWithHeader('Link').map((answer) => answer.split(' ')[0] ?? '')

/** "When there is more, the reply carries Link … follow that address as it stands." */
export const links: Invariant = {
  title: 'Link leads through the list',
  concerns: listed.flatMap((id) => [`${id} page`, `${id} Link`, `${id} followed`]),
  judge: (traffic, hold) => {
    const pages = ours(traffic).filter(
      ({ operationId, status, isHead }) => listed.includes(operationId) && status === 200 && !isHead,
    )
    for (const page of pages) {
      const limit = Number(queryValue(page, 'limit'))
      hold(
        `${page.operationId} page`,
        page,
        page.items.length <= limit,
        `${page.items.length} items with limit=${limit}`,
      )
      if (page.headers['link'] !== undefined) judgeAddress(page, hold)
    }
    const sound = new Set(truthful(traffic))
    judgeChains(
      pages.filter((page) => sound.has(page)),
      traffic,
      hold,
    )
  },
}

/** The address asks for the same, further on. */
function judgeAddress(page: Seen, hold: Hold): void {
  const concern = `${page.operationId} Link`
  const address = nextOf(page) ?? ''
  const next = new URL(address, 'http://any')
  hold(
    concern,
    page,
    next.pathname === page.path && address.startsWith('/'),
    `the next page of ${page.path} is at ${next.pathname}`,
  )
  hold(concern, page, page.items.length > 0, 'an empty page has a next one')
  const cursor = next.searchParams.get('cursor')
  hold(
    concern,
    page,
    cursor !== null && cursor !== page.query.get('cursor'),
    'the next page begins where this one does',
  )
  const wanted = meaning(page, page.query)
  const offered = meaning(page, next.searchParams)
  hold(concern, page, wanted === offered, `asked with ${wanted}, and the next page with ${offered}`)
}

/** A query without what names the page, with what the contract fills in. */
function meaning(page: Seen, query: URLSearchParams): string {
  const filledIn = page.operation.parameters.flatMap(({ name, schema }) => {
    const value = schema.value['default']
    return value === undefined || query.has(name) ? [] : [[name, inWords(value)]]
  })
  const pairs = [...query, ...filledIn]
    .filter(([name]) => name !== 'cursor' && name !== 'skip' && name !== 'count')
    .map(([name, value]) => `${name}=${value}`)
  return pairs.toSorted().join('&')
}

/** Pages that follow each other by Link: in order, nothing twice, and what was announced is there. */
function judgeChains(pages: readonly Seen[], traffic: Traffic, hold: Hold): void {
  const before = new Map<string, Set<string>>()
  const last = new Map<string, Seen>()
  for (const page of pages.toSorted((a, b) => a.began - b.began)) {
    const user = page.sender?.userId ?? ''
    const own = `${user} ${page.exchange.target}`
    const previous = last.get(own)
    const ids = page.items.map(identityOf)
    // An item that is changed meanwhile may move to its new place.
    const mayMove = !/^-?created_at$/.test(queryValue(page, 'sort') ?? 'created_at') || page.operationId === 'listTags'
    if (previous !== undefined && previous.ended < page.began) {
      const quiet = isQuiet(traffic, page, previous.began, page.ended)
      const concern = `${page.operationId} followed`
      if (quiet) hold(concern, page, ids.length > 0, 'Link leads to an empty page')
      const repeated = ids.filter((id) => before.get(own)?.has(id))
      if (quiet || !mayMove) hold(concern, page, repeated.length === 0, `${repeated[0]} on two pages of one list`)
      const [first, end] = [page.items[0], previous.items.at(-1)]
      const isFurther = first === undefined || end === undefined || (orderOf(page)?.(end, first) ?? 0) <= 0
      if (quiet) hold(concern, page, isFurther, 'a page begins before the one before it ends')
    }
    const address = nextOf(page)
    if (address === undefined) continue
    last.set(`${user} ${address}`, page)
    before.set(`${user} ${address}`, new Set([...(before.get(own) ?? []), ...ids]))
  }
}
