import { type Invariant, truthful } from './invariant.ts'
import { type Fields, isFields, type Seen } from './seen.ts'

/** "In the order in which it took effect": what a place in the feed of an account stands for never changes. */
export const feed: Invariant = {
  title: 'A place in the feed is one change, and places rise',
  concerns: ['listChanges 200', 'streamChanges 200'],
  judge: (traffic, hold) => {
    const places = new Map<string, string>()
    for (const seen of truthful(traffic)) {
      if (!isOfFeed(seen) || seen.isHead) continue
      const concern = `${seen.operationId} 200`
      const changes = changesIn(seen)
      const seqs = changes.map(({ seq }) => Number(seq))
      const rise = seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0))
      hold(concern, seen, rise, `places ${seqs.join()} do not rise`)
      for (const { seq, kind, note_id, version, note } of changes) {
        const place = `${seen.server.database} ${seen.sender?.userId} ${String(seq)}`
        const change = `${String(kind)} of ${String(note_id)} in version ${String(version)}`
        hold(concern, seen, (places.get(place) ?? change) === change, `${change} was ${places.get(place)}`)
        places.set(place, change)
        if (seen.operationId !== 'listChanges') continue
        const shown = isFields(note) ? `${String(note['id'])} ${String(note['version'])}` : undefined
        const expected = kind === 'upsert' ? `${String(note_id)} ${String(version)}` : undefined
        hold(concern, seen, shown === expected, `${change} shows ${shown}`)
      }
    }
  },
}

export function isOfFeed({ operationId, status }: Pick<Seen, 'operationId' | 'status'>): boolean {
  return status === 200 && (operationId === 'listChanges' || operationId === 'streamChanges')
}

/** The changes of a page, or of a stream. */
export function changesIn({ answer, exchange }: Pick<Seen, 'answer' | 'exchange'>): Fields[] {
  if (Array.isArray(answer['changes'])) return answer['changes'].filter(isFields)
  const events = [...exchange.body.matchAll(/^event: change\nid: [^\n]*\ndata: ([^\n]*)\n\n/gm)]
  return events.map(([, data = '']) => JSON.parse(data) as unknown).filter(isFields)
}
