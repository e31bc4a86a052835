import { at, isObject, object } from '../../../src/contract/document/document.ts'
import { type Finding, reporter } from './changes.ts'
import type { Written } from './compare-responses.ts'
import type { CompareSchemas } from './compare-schemas.ts'
import { child } from './schema-places.ts'

/** The member of a media type that names the schema of each event's data (docs/decisions/0013-event-streams.md). */
export const EVENTS = 'x-events'

/**
 * Compares the events of a stream. Clients have to ignore events that they do not know, so a new one breaks none; the
 * data of an event is compared like a reply. Where only one of the two has events at all, another part reports it.
 */
export function compareEvents(
  id: string,
  detail: string,
  type: string,
  [was, is]: readonly [Written, Written],
  schemas: CompareSchemas,
): readonly Finding[] {
  const report = reporter(id)
  const [before, after] = [was, is].map(({ root, place }) => at(root, place, 'content', type))
  if (!isObject(before?.value[EVENTS]) || !isObject(after?.value[EVENTS])) return []
  const [were, are] = [before, after].map(({ value }) => Object.keys(object(value[EVENTS])))
  return [...new Set([...(were ?? []), ...(are ?? [])])].flatMap((name): readonly Finding[] => {
    const place = `${detail} ${name}`
    if (are?.includes(name) !== true)
      return [report('event-removed', place, 'major', `the event ${name} is no longer sent`, [name])]
    if (were?.includes(name) !== true)
      return [report('event-added', place, 'minor', `the event ${name} may be sent now`, [name])]
    return schemas(child(before, EVENTS, name), child(after, EVENTS, name), 'reply')
  })
}
